"""Guarantees that who takes part, and with which keys, was said by the federation's root key.

The root key is kept offline; its public half is part of each node's settings. So a hub can hold a list back, but
neither forge nor change one.
"""

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from google.protobuf.message import DecodeError

from lotse.federation.v1.envelope_pb2 import MEMBER_STATE_ACTIVE, Member, MemberList, SignedEnvelope, SigningKey
from services.common.crypto.keys import Signer, Verifier, key_id_of
from services.common.messaging.rules import keeps_its_rules
from services.common.names import RESERVED_IDS, RegionId, is_token

_MOST_BYTES = 4_194_304  # 500 members with four keys each take about 150 kB


class MembersRefused(Exception):
    """A member list cannot be trusted or read; the text says why and holds nothing of the list."""


@dataclass(frozen=True, slots=True)
class _Key:
    verifier: Verifier
    valid_from: datetime | None
    valid_until: datetime | None

    @classmethod
    def of(cls, key: SigningKey) -> Self:
        """Take a key from a checked list; raises MembersRefused when its id is another key's."""
        if key_id_of(key.public_key) != key.key_id:
            raise MembersRefused("a key's id does not fit the key")
        start = key.valid_from.ToDatetime(UTC) if key.HasField("valid_from") else None
        end = key.valid_until.ToDatetime(UTC) if key.HasField("valid_until") else None
        return cls(Verifier(key.public_key), start, end)

    def valid(self, at: datetime) -> bool:
        return (self.valid_from is None or self.valid_from <= at) and (
            self.valid_until is None or at < self.valid_until
        )


class Members:
    """One issue of the member list, never changed after it was made."""

    def __init__(self, members: MemberList) -> None:
        """Take a list whose signature was checked; raises MembersRefused when it contradicts itself."""
        if not keeps_its_rules(members):
            raise MembersRefused("a field breaks its rule")
        self.serial = members.serial
        self._members = {RegionId(member.region): member for member in members.members}
        if len(self._members) != len(members.members):
            raise MembersRefused("a region stands there twice")
        if any(region in RESERVED_IDS or not is_token(region) for region in self._members):
            raise MembersRefused("a region has a reserved name")
        self._keys = {
            (RegionId(member.region), key.key_id): _Key.of(key)
            for member in members.members
            for key in member.signing_keys
        }

    def get(self, region: RegionId) -> Member | None:
        """Give a region's record whatever its state, or None for one that never took part."""
        return self._members.get(region)

    def active(self, region: RegionId) -> bool:
        """Say whether the region takes part now: neither left nor revoked."""
        member = self._members.get(region)
        return member is not None and member.state == MEMBER_STATE_ACTIVE

    def regions(self) -> tuple[RegionId, ...]:
        """Name every region that ever took part, sorted."""
        return tuple(sorted(self._members))

    def key(self, region: RegionId, key_id: str, at: datetime) -> Verifier | None:
        """Give the region's key of that id if it may sign at that moment."""
        key = self._keys.get((region, key_id))
        return key.verifier if key is not None and key.valid(at) else None


def write_members(path: Path, member_list: MemberList, root_signer: Signer) -> None:
    """Sign a list and put it in place at once: a reader sees the old file or the whole new one.

    Raises MembersRefused for a list that no node would take.
    """
    Members(member_list)
    signed = member_list.SerializeToString(deterministic=True)
    envelope = SignedEnvelope(signed=signed, key_id=root_signer.key_id, signature=root_signer.sign(signed))
    fresh = path.with_name(path.name + ".new")
    with fresh.open("wb") as file:
        file.write(envelope.SerializeToString())
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def load_members(path: Path, root_public: bytes) -> Members:
    """Read a list and check it against the root key (32 raw bytes); raises MembersRefused."""
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise MembersRefused("the file cannot be read") from error
    if len(content) > _MOST_BYTES:
        raise MembersRefused("the file is too big")
    return open_members(content, root_public)


def open_members(content: bytes, root_public: bytes) -> Members:
    """Check the bytes of a signed list against the root key; raises MembersRefused."""
    root = Verifier(root_public)
    try:
        envelope = SignedEnvelope.FromString(content)
        # The signature comes first: nothing unsigned is looked into.
        if envelope.key_id != root.key_id or not root.verify(envelope.signature, envelope.signed):
            raise MembersRefused("the list is not signed by the root key")
        return Members(MemberList.FromString(envelope.signed))
    except DecodeError as error:
        raise MembersRefused("the file is no member list") from error
