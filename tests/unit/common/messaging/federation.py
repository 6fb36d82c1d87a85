"""Two regions with keys and a member list, for tests that need no server."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from lotse.federation.v1.envelope_pb2 import MEMBER_STATE_ACTIVE, Member, MemberList, MemberState, SigningKey
from services.common.crypto.keys import Signer
from services.common.db.outbox import OutboxRecord
from services.common.names import RegionId

DRESDEN, LEIPZIG = RegionId("dresden"), RegionId("leipzig")
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
NKEY = "U" + "A" * 55


def signer(number: int) -> Signer:
    """Make the same key for the same number."""
    return Signer(Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32))


ROOT, OTHER_ROOT = signer(1), signer(2)
SIGNERS = {DRESDEN: signer(3), LEIPZIG: signer(4)}


@dataclass(frozen=True)
class Validity:
    """When a key may sign."""

    start: datetime | None = None
    end: datetime | None = None


def key_of(holder: Signer, validity: Validity = Validity()) -> SigningKey:
    key = SigningKey(key_id=holder.key_id, public_key=holder.public_bytes)
    if validity.start:
        key.valid_from.FromDatetime(validity.start)
    if validity.end:
        key.valid_until.FromDatetime(validity.end)
    return key


def member(
    region: RegionId,
    *keys: SigningKey,
    state: MemberState.ValueType = MEMBER_STATE_ACTIVE,
) -> Member:
    return Member(
        region=region,
        display_name=region.title(),
        state=state,
        signing_keys=keys or [key_of(SIGNERS[region])],
        nkey=NKEY,
    )


def member_list(*members: Member, serial: int = 1) -> MemberList:
    return MemberList(serial=serial, members=members or [member(DRESDEN), member(LEIPZIG)])


def record(record_id: str = "x", revision: int = 1, *, kind: str = "offer", body: bytes = b"x") -> OutboxRecord:
    return OutboxRecord(kind, record_id, 1, revision, False, body, NOON)


def put_in_place(path: Path, content: bytes) -> None:
    """Replace a file as an operator's copy does."""
    fresh = path.with_name("copy")
    fresh.write_bytes(content)
    fresh.replace(path)
