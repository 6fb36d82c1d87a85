"""Guarantees that a message says who wrote it, for which subject, and as which version: sealing and opening.

The signature binds the bytes to a region's key and to one exact subject, so a hub can hold a message back, but neither
forge it nor move it to another record. It is checked before anything that it covers is read.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from google.protobuf.message import DecodeError
from google.protobuf.timestamp_pb2 import Timestamp

from lotse.federation.v1.envelope_pb2 import Envelope, SignedEnvelope
from services.common.clock import Clock
from services.common.crypto.keys import Signer
from services.common.db.outbox import OutboxRecord
from services.common.messaging.members import Members
from services.common.messaging.members_file import MembersFile
from services.common.messaging.refusals import Reason, Refused
from services.common.messaging.rules import keeps_its_rules
from services.common.messaging.subjects import NotASubject, SubjectParts, parse_subject
from services.common.names import RegionId

SCHEMA: Final = 1
"""The version of the envelope that this software writes, and the highest it understands."""
MOST_BYTES: Final = 262_144
"""Largest message on any stream (federation.md, "Streams")."""

Verify = Callable[[bytes, str], Envelope]
"""Opens the bytes that came on a subject; raises Refused."""


def seal(record: OutboxRecord, seq: int, subject: str, origin: RegionId, signer: Signer) -> bytes:
    """Sign a record for exactly this subject: the bytes of a SignedEnvelope. `seq` is its place in the outbox."""
    moment = record.time.timestamp()
    signed = Envelope(
        schema=SCHEMA,
        origin=origin,
        subject=subject,
        kind=record.kind,
        id=record.record_id,
        epoch=record.epoch,
        revision=record.revision,
        outbox_seq=seq,
        time=Timestamp(seconds=int(moment), nanos=record.time.microsecond * 1_000),
        deleted=record.deleted,
        body=record.body,
    ).SerializeToString()
    return SignedEnvelope(signed=signed, key_id=signer.key_id, signature=signer.sign(signed)).SerializeToString()


def open_envelope(
    data: bytes, subject: str, members: Members, moment: datetime, *, own_region: RegionId | None
) -> Envelope:
    """Give what a message says once everything about it was checked; raises Refused with the first reason found.

    A catalog subject names its region, a mail subject its sender; on a node's own broker (node.>) only `own_region` may
    have written. A message of number n has revision n + 1.
    """
    parts = _parsed(subject)
    region = parts.region or own_region
    if region is None or not members.active(region):
        raise Refused(Reason.REGION_UNKNOWN)
    envelope = _signed_by(data, members, region, moment)
    if envelope.schema > SCHEMA:
        raise Refused(Reason.SCHEMA_NEWER)
    if not keeps_its_rules(envelope) or (envelope.deleted and envelope.body):
        raise Refused(Reason.MALFORMED)
    written = (envelope.subject, envelope.origin, envelope.kind, envelope.id)
    numbered = parts.number is None or envelope.revision == parts.number + 1
    if written != (subject, region, parts.kind, parts.id) or not numbered:
        raise Refused(Reason.SUBJECT_MISMATCH)
    return envelope


def verifying(members: MembersFile, clock: Clock, own_region: RegionId | None = None) -> Verify:
    """Make the check that a reader needs, always against the member list in force."""

    def verify(data: bytes, subject: str) -> Envelope:
        return open_envelope(data, subject, members.current(), clock(), own_region=own_region)

    return verify


def _parsed(subject: str) -> SubjectParts:
    try:
        return parse_subject(subject)
    except NotASubject as error:
        raise Refused(Reason.SUBJECT_MISMATCH) from error


def _signed_by(data: bytes, members: Members, region: RegionId, moment: datetime) -> Envelope:
    """Check size and signature, then parse."""
    if len(data) > MOST_BYTES:
        raise Refused(Reason.MALFORMED)
    try:
        outer = SignedEnvelope.FromString(data)
    except DecodeError as error:
        raise Refused(Reason.MALFORMED) from error
    if not outer.signed:
        raise Refused(Reason.MALFORMED)
    key = members.key(region, outer.key_id, moment)
    if key is None:
        raise Refused(Reason.KEY_UNKNOWN)
    if not key.verify(outer.signature, outer.signed):
        raise Refused(Reason.SIGNATURE_INVALID)
    try:
        return Envelope.FromString(outer.signed)
    except DecodeError as error:
        raise Refused(Reason.MALFORMED) from error
