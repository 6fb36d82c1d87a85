"""Owns how letters and receipts stand in bytes; whatever does not keep the contract's rules is no letter."""

from google.protobuf.message import DecodeError

from lotse.referral.v1 import referral_mail_pb2 as mail
from lotse.referral.v1 import referral_pb2
from services.common.crypto.sealing import Sealed, padding_for
from services.common.messaging.rules import keeps_its_rules
from services.referral.convert.cases import person_from, person_message
from services.referral.convert.entries import signed_from, signed_message
from services.referral.convert.enums import member_of, number_of
from services.referral.convert.previews import preview_from, preview_message
from services.referral.domain.letters import (
    Closing,
    Conflict,
    Content,
    Event,
    Receipt,
    Release,
    Request,
    Step,
    Withdrawal,
)
from services.referral.domain.values import State


def padded_bytes(content: Content) -> bytes:
    """Write a letter as it is sealed: padded with zeros to a size class."""
    message = _release_message(content) if isinstance(content, Release) else _step_message(content)
    plain = message.SerializeToString(deterministic=True)
    return mail.Padded(content=plain, padding=bytes(padding_for(len(plain)))).SerializeToString(deterministic=True)


def step_from(padded: bytes) -> Step | None:
    """Read a step; None for bytes that are none."""
    try:
        message = mail.Step.FromString(mail.Padded.FromString(padded).content)
    except DecodeError:
        return None
    return _step(message) if keeps_its_rules(message) else None


def release_from(padded: bytes) -> Release | None:
    """Read a release; None for bytes that are none."""
    try:
        message = mail.Release.FromString(mail.Padded.FromString(padded).content)
        if not keeps_its_rules(message):
            return None
        return Release(message.referral_id, person_from(message.person))
    except (DecodeError, ValueError):
        return None


def sealed_bytes(sealed: Sealed) -> bytes:
    """Write a sealed body."""
    return mail.SealedBody(
        key_id=sealed.key_id, encapsulated_key=sealed.encapsulated_key, ciphertext=sealed.ciphertext
    ).SerializeToString(deterministic=True)


def sealed_from(body: bytes) -> Sealed | None:
    """Read a sealed body; None for bytes that are none."""
    try:
        message = mail.SealedBody.FromString(body)
    except DecodeError:
        return None
    if not keeps_its_rules(message):
        return None
    return Sealed(message.key_id, message.encapsulated_key, message.ciphertext)


def receipt_bytes(receipt: Receipt) -> bytes:
    """Write a receipt."""
    return mail.Receipt(
        referral_id=receipt.referral_id,
        step=receipt.number,
        body_hash=receipt.body_hash,
        state=number_of(receipt.state, referral_pb2.ReferralState.DESCRIPTOR),
        version=receipt.version,
        head_hash=receipt.head_hash,
        refused=receipt.refused,
        refusal=receipt.refusal,
    ).SerializeToString(deterministic=True)


def receipt_from(body: bytes) -> Receipt | None:
    """Read a receipt; None for bytes that are none."""
    try:
        message = mail.Receipt.FromString(body)
    except DecodeError:
        return None
    if not keeps_its_rules(message) or message.refused != bool(message.refusal):
        return None
    return Receipt(
        referral_id=message.referral_id,
        number=message.step,
        body_hash=message.body_hash,
        state=member_of(State, referral_pb2.ReferralState.DESCRIPTOR, message.state),
        version=message.version,
        head_hash=message.head_hash,
        refusal=message.refusal,
    )


def _release_message(release: Release) -> mail.Release:
    return mail.Release(referral_id=release.referral_id, person=person_message(release.person))


def _step_message(step: Step) -> mail.Step:
    match step:
        case Request():
            log = [signed_message(signed) for signed in step.log]
            request = mail.Request(log=log, offer=step.offer, preview=preview_message(step.preview))
            return mail.Step(request=request)
        case Event():
            event = mail.Event(entry=signed_message(step.entry), decline_text=step.decline_text)
            return mail.Step(event=event)
        case Withdrawal():
            wish = mail.Withdrawal(expected_version=step.expected_version, reason=step.reason)
            return mail.Step(withdrawal=wish)
        case Closing():
            return mail.Step(closing=mail.Closing(expected_version=step.expected_version))
        case Conflict():
            state = number_of(step.state, referral_pb2.ReferralState.DESCRIPTOR)
            conflict = mail.Conflict(
                expected_version=step.expected_version, actual_version=step.actual_version, state=state
            )
            return mail.Step(conflict=conflict)


def _step(message: mail.Step) -> Step | None:
    match message.WhichOneof("what"):
        case "request":
            asked = message.request
            return Request(tuple(map(signed_from, asked.log)), asked.offer, preview_from(asked.preview))
        case "event":
            return Event(signed_from(message.event.entry), message.event.decline_text)
        case "withdrawal":
            return Withdrawal(message.withdrawal.expected_version, message.withdrawal.reason)
        case "closing":
            return Closing(message.closing.expected_version)
        case "conflict":
            conflict = message.conflict
            state = member_of(State, referral_pb2.ReferralState.DESCRIPTOR, conflict.state)
            return Conflict(conflict.expected_version, conflict.actual_version, state)
    return None
