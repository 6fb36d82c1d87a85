"""Owns how log entries stand in bytes: what is signed is exactly what is written here."""

from datetime import UTC

from google.protobuf.message import DecodeError

from lotse.referral.v1 import referral_pb2
from services.common.messaging.rules import keeps_its_rules
from services.referral.convert.cases import stamp
from services.referral.convert.enums import member_of, number_of
from services.referral.domain.log import Entry, SignedEntry
from services.referral.domain.values import DeclineReason, OutcomeCode, State


def entry_message(entry: Entry) -> referral_pb2.LogEntry:
    """Write an entry."""
    return referral_pb2.LogEntry(
        referral_id=entry.referral_id,
        version=entry.version,
        previous_hash=entry.previous_hash,
        author_region=entry.author_region,
        author_role=entry.author_role,
        state=number_of(entry.state, referral_pb2.ReferralState.DESCRIPTOR),
        time=stamp(entry.time),
        decline_reason=number_of(entry.decline_reason, referral_pb2.DeclineReason.DESCRIPTOR),
        outcome_code=number_of(entry.outcome_code, referral_pb2.OutcomeCode.DESCRIPTOR),
        reason=entry.reason,
    )


def entry_bytes(entry: Entry) -> bytes:
    """Write the bytes that are signed."""
    return entry_message(entry).SerializeToString(deterministic=True)


def entry_from(content: bytes) -> Entry | None:
    """Read an entry; None for bytes that are none, or that break a rule of the contract."""
    try:
        message = referral_pb2.LogEntry.FromString(content)
        time = message.time.ToDatetime(UTC)
    except (DecodeError, ValueError, OverflowError):
        return None
    if not keeps_its_rules(message):
        return None
    return Entry(
        referral_id=message.referral_id,
        version=message.version,
        previous_hash=message.previous_hash,
        author_region=message.author_region,
        author_role=message.author_role,
        state=member_of(State, referral_pb2.ReferralState.DESCRIPTOR, message.state),
        time=time,
        decline_reason=member_of(DeclineReason, referral_pb2.DeclineReason.DESCRIPTOR, message.decline_reason),
        outcome_code=member_of(OutcomeCode, referral_pb2.OutcomeCode.DESCRIPTOR, message.outcome_code),
        reason=message.reason,
    )


def signed_message(signed: SignedEntry) -> referral_pb2.SignedLogEntry:
    """Write an entry with its signature."""
    return referral_pb2.SignedLogEntry(entry=signed.content, key_id=signed.key_id, signature=signed.signature)


def signed_from(message: referral_pb2.SignedLogEntry) -> SignedEntry:
    """Read an entry with its signature; nothing is checked here."""
    return SignedEntry(message.entry, message.key_id, message.signature)
