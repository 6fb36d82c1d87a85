"""The ports that need keys: entries signed and read, letters sealed and opened, all against the signed member list."""

from datetime import datetime

from lotse.federation.v1.envelope_pb2 import SealingKey
from services.common.crypto.keys import Signer, key_id_of
from services.common.crypto.sealing import NotReadable, SealingKeys, seal_to
from services.common.errors import MendTheState
from services.common.messaging.members_file import MembersFile
from services.common.messaging.subjects import LETTER_KIND, mail_subject
from services.common.names import RegionId
from services.referral.convert.entries import entry_bytes, entry_from
from services.referral.convert.letters import (
    padded_bytes,
    receipt_bytes,
    release_from,
    sealed_bytes,
    sealed_from,
    step_from,
)
from services.referral.domain.letters import RELEASE_NUMBER, Content, Receipt
from services.referral.domain.log import Entry, SignedEntry

_PURPOSE = b"lotse referral v1\x00"
"""What a sealed body is for; the subject follows, so that it opens nowhere else."""


class KeyScribe:
    """`ports.Scribe` with the region's Ed25519 key."""

    def __init__(self, signer: Signer, members: MembersFile) -> None:
        self._signer = signer
        self._members = members

    def sign(self, entry: Entry) -> SignedEntry:
        """Sign an entry."""
        content = entry_bytes(entry)
        return SignedEntry(content, self._signer.key_id, self._signer.sign(content))

    def read(self, signed: SignedEntry, region: str, moment: datetime) -> Entry | None:
        """Give what an entry says, if that region signed it."""
        key = self._members.current().key(RegionId(region), signed.key_id, moment)
        if key is None or not key.verify(signed.signature, signed.content):
            return None
        return entry_from(signed.content)


class SealedCorrespondence:
    """`ports.Correspondence` by HPKE to the receiving region's first key."""

    def __init__(self, region: RegionId, keys: SealingKeys, members: MembersFile) -> None:
        self._region = region
        self._keys = keys
        self._members = members

    def reaches(self, region: str) -> bool:
        """Say whether the region has a key to seal to."""
        return self._key_of(region) is not None

    def seal(self, to: str, referral_id: str, number: int, content: Content) -> bytes:
        """Seal a letter to a region."""
        key = self._key_of(to)
        if key is None:
            raise MendTheState("TARGET_NOT_POSSIBLE", "the region has no key to seal to")
        subject = mail_subject(RegionId(to), self._region, LETTER_KIND, referral_id, number)
        return sealed_bytes(seal_to(key.public_key, padded_bytes(content), _bound_to(subject)))

    def open(self, sender: str, referral_id: str, number: int, body: bytes) -> Content | None:
        """Give what a letter says."""
        sealed = sealed_from(body)
        if sealed is None:
            return None
        subject = mail_subject(self._region, RegionId(sender), LETTER_KIND, referral_id, number)
        try:
            padded = self._keys.open(sealed, _bound_to(subject))
        except NotReadable:
            return None
        return release_from(padded) if number == RELEASE_NUMBER else step_from(padded)

    def receipt(self, receipt: Receipt) -> bytes:
        """Write a receipt."""
        return receipt_bytes(receipt)

    def _key_of(self, region: str) -> SealingKey | None:
        member = self._members.current().get(RegionId(region))
        keys = member.sealing_keys if member is not None else ()
        return next((key for key in keys if key_id_of(key.public_key) == key.key_id), None)


class MemberRegions:
    """`ports.Regions` by the signed member list."""

    def __init__(self, members: MembersFile) -> None:
        self._members = members

    def active(self, region: str) -> bool:
        """Say whether the region takes part now."""
        return self._members.current().active(RegionId(region))

    def takes_referrals(self, region: str) -> bool:
        """Say whether it is active and has a key to seal to."""
        member = self._members.current().get(RegionId(region))
        return member is not None and self.active(region) and bool(member.sealing_keys)


def _bound_to(subject: str) -> bytes:
    return _PURPOSE + subject.encode()
