"""Owns how a case, a referral, an entry and a letter become rows and back."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from pydantic import TypeAdapter

from services.referral.adapters.tables import IncomingRow, LogRow, OutgoingRow
from services.referral.convert.entries import entry_from
from services.referral.domain.case import Case
from services.referral.domain.log import LogLine, SignedEntry
from services.referral.domain.referral import Referral
from services.referral.domain.values import Person, Side
from services.referral.ports import Delivery, Incoming, Outgoing

_CASE: Final = TypeAdapter(Case)
_PERSON: Final = TypeAdapter(Person)
_REFERRAL: Final = TypeAdapter(Referral)


def case_values(case: Case) -> dict[str, Any]:
    """Give the columns of a case: everything but its text."""
    content = _CASE.dump_python(replace(case, intake_text=""), mode="json")
    return {"id": case.id, "create_time": case.create_time, "content": content}


def case_from(content: Mapping[str, Any], intake_text: str) -> Case:
    """Read a case, with its text as opened."""
    return replace(_CASE.validate_python(content), intake_text=intake_text)


def person_bytes(person: Person) -> bytes:
    """Write a person as it is sealed."""
    return _PERSON.dump_json(person)


def person_from(content: bytes) -> Person:
    """Read a person as it was sealed."""
    return _PERSON.validate_json(content)


def referral_values(referral: Referral) -> dict[str, Any]:
    """Give the columns of a referral."""
    return {
        "id": referral.id,
        "side": str(referral.side),
        "state": str(referral.state),
        "case_id": referral.case_id,
        "person_here": referral.side is Side.TARGET and referral.person_released,
        "create_time": referral.create_time,
        "update_time": referral.update_time,
        "content": _REFERRAL.dump_python(replace(referral, peer_hash=b""), mode="json")
        | {"peer_hash": referral.peer_hash.hex()},
    }


def referral_from(content: Mapping[str, Any]) -> Referral:
    """Read a referral."""
    peer = bytes.fromhex(content["peer_hash"])
    return replace(_REFERRAL.validate_python({**content, "peer_hash": b""}), peer_hash=peer)


def line_values(line: LogLine) -> dict[str, Any]:
    """Give the columns of an entry."""
    return {
        "referral_id": line.entry.referral_id,
        "version": line.entry.version,
        "entry": line.signed.content,
        "key_id": line.signed.key_id,
        "signature": line.signed.signature,
        "store_time": line.store_time,
        "provisional": line.provisional,
    }


def line_from(row: LogRow) -> LogLine:
    """Read an entry; raises ValueError for bytes that this node would never have stored."""
    entry = entry_from(row.entry)
    if entry is None:
        raise ValueError("a stored log entry cannot be read")
    return LogLine(entry, SignedEntry(row.entry, row.key_id, row.signature), row.store_time, row.provisional)


def outgoing_values(letter: Outgoing) -> dict[str, Any]:
    """Give the columns of a letter of this node."""
    names = ("referral_id", "number", "to", "body", "body_hash", "former_hash", "post_time", "next_time", "tries")
    values = {name: getattr(letter, name) for name in names}
    return values | {"delivery": str(letter.delivery), "receipt": letter.receipt}


def outgoing_from(row: OutgoingRow) -> Outgoing:
    """Read a letter of this node."""
    return Outgoing(
        referral_id=row.referral_id,
        number=row.number,
        to=row.to,
        body=row.body,
        body_hash=row.body_hash,
        post_time=row.post_time,
        next_time=row.next_time,
        tries=row.tries,
        delivery=Delivery(row.delivery),
        former_hash=row.former_hash,
        receipt=row.receipt,
    )


def incoming_from(row: IncomingRow) -> Incoming:
    """Read a letter that was dealt with."""
    return Incoming(row.sender, row.referral_id, row.number, row.body_hash, row.receipt, row.time)
