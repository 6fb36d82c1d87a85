"""Messages that were tampered with: each is parked with its reason, and the good ones beside them flow on."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from lotse.federation.v1.envelope_pb2 import MEMBER_STATE_REVOKED, Envelope, SignedEnvelope
from services.common.crypto.keys import Signer
from services.common.db.engine import Database
from services.common.db.outbox import OutboxRecord
from services.common.messaging.envelope import seal
from services.common.messaging.subjects import catalog_subject
from services.node.servers.nats import NatsProcess
from tests.integration.common.messaging.lab import DRESDEN, LEIPZIG, NOON, Lab, until
from tests.integration.common.messaging.reading import Applier
from tests.integration.common.messaging.test_reader import all_acked, publish

pytestmark = pytest.mark.asyncio(loop_scope="session")

Message = tuple[str, bytes]


@dataclass(frozen=True)
class Tampering:
    """How a message of dresden's offer "x" is changed, and the reason for which it must be parked."""

    name: str
    reason: str
    make: Callable[[Lab], Message]


SUBJECT = catalog_subject(DRESDEN, "offer", "x")


def resigned(change: Callable[[Envelope], None]) -> Callable[[Lab], Message]:
    """Change what is signed and sign it with the region's own key: the region itself is hostile."""

    def make(lab: Lab) -> Message:
        outer = SignedEnvelope.FromString(lab.sealed(DRESDEN, "x")[1])
        envelope = Envelope.FromString(outer.signed)
        change(envelope)
        signed = envelope.SerializeToString()
        signer = lab.signers[DRESDEN]
        return SUBJECT, SignedEnvelope(
            signed=signed, key_id=signer.key_id, signature=signer.sign(signed)
        ).SerializeToString()

    return make


def rewrapped(change: Callable[[SignedEnvelope, Lab], None]) -> Callable[[Lab], Message]:
    """Change what is around the signed bytes: a hub or a thief is hostile."""

    def make(lab: Lab) -> Message:
        outer = SignedEnvelope.FromString(lab.sealed(DRESDEN, "x")[1])
        change(outer, lab)
        return SUBJECT, outer.SerializeToString()

    return make


def set_field(name: str, value: object) -> Callable[[Envelope], None]:
    def change(envelope: Envelope) -> None:
        setattr(envelope, name, value)

    return change


def flipped(data: bytes, position: int = -1) -> bytes:
    changed = bytearray(data)
    changed[position] ^= 1
    return bytes(changed)


def flip_signature(outer: SignedEnvelope, _lab: Lab) -> None:
    outer.signature = flipped(outer.signature)


def flip_content(outer: SignedEnvelope, _lab: Lab) -> None:
    outer.signed = flipped(outer.signed)


def no_signature(outer: SignedEnvelope, _lab: Lab) -> None:
    outer.signature = b""


def signature_of_another_message(outer: SignedEnvelope, lab: Lab) -> None:
    outer.signature = SignedEnvelope.FromString(lab.sealed(DRESDEN, "y")[1]).signature


def key_of_another_region(outer: SignedEnvelope, lab: Lab) -> None:
    outer.key_id = lab.signers[LEIPZIG].key_id
    outer.signature = lab.signers[LEIPZIG].sign(outer.signed)


def fresh_key(outer: SignedEnvelope, _lab: Lab) -> None:
    stranger = Signer(Ed25519PrivateKey.generate())
    outer.key_id, outer.signature = stranger.key_id, stranger.sign(outer.signed)


def fresh_key_under_the_known_id(outer: SignedEnvelope, _lab: Lab) -> None:
    outer.signature = Signer(Ed25519PrivateKey.generate()).sign(outer.signed)


def resigned_as(lab: Lab, kind: str) -> Message:
    subject = catalog_subject(DRESDEN, kind, "x")
    poem = OutboxRecord(kind, "x", 1, 1, False, b"x", NOON)
    return subject, seal(poem, 1, subject, DRESDEN, lab.signers[DRESDEN])


TAMPERINGS = (
    Tampering("empty", "MALFORMED", lambda _: (SUBJECT, b"")),
    Tampering("garbage", "MALFORMED", lambda _: (SUBJECT, b"\xff" * 40)),
    Tampering("truncated", "MALFORMED", lambda lab: (SUBJECT, lab.sealed(DRESDEN, "x")[1][:-70])),
    Tampering("schema of tomorrow", "SCHEMA_NEWER", resigned(set_field("schema", 2))),
    Tampering("no schema", "MALFORMED", resigned(set_field("schema", 0))),
    Tampering("revision 0", "MALFORMED", resigned(set_field("revision", 0))),
    Tampering("revision over the limit", "MALFORMED", resigned(set_field("revision", 2**40))),
    Tampering("epoch 0", "MALFORMED", resigned(set_field("epoch", 0))),
    Tampering("id with a dot", "MALFORMED", resigned(set_field("id", "x.y"))),
    Tampering("tombstone that speaks", "MALFORMED", resigned(set_field("deleted", True))),
    Tampering("subject of another record", "SUBJECT_MISMATCH", resigned(set_field("subject", SUBJECT + "y"))),
    Tampering("id of another record", "SUBJECT_MISMATCH", resigned(set_field("id", "y"))),
    Tampering("kind of another record", "SUBJECT_MISMATCH", resigned(set_field("kind", "partner"))),
    Tampering("origin of another region", "SUBJECT_MISMATCH", resigned(set_field("origin", "leipzig"))),
    Tampering(
        "moved to another of its subjects", "SUBJECT_MISMATCH", lambda lab: (SUBJECT, lab.sealed(DRESDEN, "y")[1])
    ),
    Tampering("moved from another region", "KEY_UNKNOWN", lambda lab: (SUBJECT, lab.sealed(LEIPZIG, "x")[1])),
    Tampering("subject too deep", "SUBJECT_MISMATCH", lambda lab: (SUBJECT + ".z", lab.sealed(DRESDEN, "x")[1])),
    Tampering("signature flipped", "SIGNATURE_INVALID", rewrapped(flip_signature)),
    Tampering("content flipped", "SIGNATURE_INVALID", rewrapped(flip_content)),
    Tampering("no signature", "SIGNATURE_INVALID", rewrapped(no_signature)),
    Tampering("signature of another message", "SIGNATURE_INVALID", rewrapped(signature_of_another_message)),
    Tampering("fresh key under the known id", "SIGNATURE_INVALID", rewrapped(fresh_key_under_the_known_id)),
    Tampering("key of another region", "KEY_UNKNOWN", rewrapped(key_of_another_region)),
    Tampering("fresh key", "KEY_UNKNOWN", rewrapped(fresh_key)),
    Tampering(
        "region that is no member",
        "REGION_UNKNOWN",
        lambda lab: ("fed.cat.nowhere.offer.x", lab.sealed(DRESDEN, "x")[1]),
    ),
    Tampering("body that is no entry", "BODY_INVALID", lambda lab: lab.sealed(DRESDEN, "x", 1, b"no entry")),
    Tampering("kind nobody knows", "KIND_UNKNOWN", lambda lab: resigned_as(lab, "poem")),
    Tampering("refused by the index", "NOT_INDEXABLE", lambda lab: lab.sealed(DRESDEN, "unindexable")),
)


async def test_each_tampered_message_is_parked_with_its_reason_while_good_ones_flow(
    lab: Lab, hub: NatsProcess, database: Database
) -> None:
    applier = Applier(database, lab.members(), unindexable=frozenset({"unindexable"}))
    found: dict[str, str] = {}
    async with (
        lab.connected("search") as connection,
        lab.connected("admin") as admin,
        applier.reader(connection).running(),
    ):
        for number, tampering in enumerate(TAMPERINGS):
            known = {one.id for one in await applier.parked()}
            good = f"good-{number}"
            await publish(lab, [tampering.make(lab), lab.sealed(LEIPZIG, good)])
            await until(all_acked(admin))
            fresh = [one for one in await applier.parked() if one.id not in known]
            found[tampering.name] = ", ".join(one.reason for one in fresh)
            assert (LEIPZIG, good, 1) in applier.effects
    assert found == {tampering.name: tampering.reason for tampering in TAMPERINGS}
    assert [name for name in applier.effects if name[0] == DRESDEN] in ([], [(DRESDEN, "unindexable", 1)])


async def test_a_revoked_regions_good_messages_are_parked(lab: Lab, hub: NatsProcess, database: Database) -> None:
    applier = Applier(database, lab.members({DRESDEN: MEMBER_STATE_REVOKED}))
    await publish(lab, [lab.sealed(DRESDEN, "a"), lab.sealed(LEIPZIG, "b")])
    async with (
        lab.connected("search") as connection,
        lab.connected("admin") as admin,
        applier.reader(connection).running(),
    ):
        await until(all_acked(admin))
    assert list(applier.effects) == [(LEIPZIG, "b", 1)]
    assert [(one.region, one.reason) for one in await applier.parked()] == [("dresden", "REGION_UNKNOWN")]
