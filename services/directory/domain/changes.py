"""Owns what a change of a record is: its etag, its mask, its diff, and the refusals every change can meet."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any, TypeVar

from services.common.errors import CheckTheName, FieldViolation, MendTheState, ReadAgain, invalid
from services.directory.domain.checks import Fault
from services.directory.domain.lifecycle import Action, purge_time
from services.directory.domain.offer import Offer
from services.directory.domain.records import Record
from services.directory.domain.values import ContactPoint

AnyRecord = TypeVar("AnyRecord", bound=Record)

OUTPUT_ONLY = frozenset(
    {"uid", "revision", "create_time", "update_time", "delete_time", "purge_time", "state", "confirm_time"}
    | {"review_due_date"}
)
"""Fields that the server alone sets."""

_COUNTED = frozenset({"revision", "update_time"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """One change of a record. `changed_fields` are top-level and sorted; `snapshot` names no person."""

    revision: int
    create_time: datetime
    author_role: str
    action: Action
    changed_fields: tuple[str, ...]
    snapshot: Record


def etag_of(record: Record) -> str:
    """Give a record's version as callers hold it: a hash of uid and revision, which tells nothing of its content."""
    return hashlib.sha256(f"{record.uid}:{record.revision}".encode()).hexdigest()[:32]


def writable_fields(kind: type[Record]) -> frozenset[str]:
    """Name the fields that a caller may set; the name itself never changes."""
    return frozenset(field.name for field in fields(kind)) - OUTPUT_ONLY - {"name"}


def masked_fields(kind: type[Record], paths: Iterable[str], populated: Iterable[str]) -> frozenset[str]:
    """Say which fields an update takes over (AIP-134); raises INVALID_FIELD for `update_mask`.

    No path: all that are populated. "*": all that can be written. Else exactly the named top-level ones.
    """
    wanted, writable = set(paths), writable_fields(kind)
    if not wanted:
        return writable & set(populated)
    if wanted == {"*"}:
        return writable
    if "*" in wanted:
        raise invalid(("update_mask", '"*" stands alone'))
    if wanted & OUTPUT_ONLY:
        raise invalid(("update_mask", "names a field that only the server sets"))
    if not wanted <= writable:
        raise invalid(("update_mask", "names something that is no top-level field that can be changed"))
    return frozenset(wanted)


def merged(current: AnyRecord, change: AnyRecord, names: Iterable[str]) -> AnyRecord:
    """Take the named fields over from a change; lists are replaced, not appended."""
    return replace(current, **{name: getattr(change, name) for name in names})


def changed_fields(before: Record | None, after: Record) -> tuple[str, ...]:
    """Name the top-level fields that differ, sorted; against nothing, those that hold something."""
    against = type(after)() if before is None else before
    names = {field.name for field in fields(after)} - _COUNTED
    return tuple(sorted(name for name in names if getattr(against, name) != getattr(after, name)))


def next_revision(record: AnyRecord, moment: datetime) -> AnyRecord:
    """Count one change."""
    return replace(record, revision=record.revision + 1, update_time=moment)


def deleted(record: AnyRecord, moment: datetime) -> AnyRecord:
    """Mark a record as deleted, to be purged later."""
    return replace(next_revision(record, moment), delete_time=moment, purge_time=purge_time(moment))


def undeleted(record: AnyRecord, moment: datetime) -> AnyRecord:
    """Bring a deleted record back as it was; raises RESOURCE_NOT_DELETED."""
    if record.delete_time is None:
        raise MendTheState("RESOURCE_NOT_DELETED", "the record is not deleted")
    return replace(next_revision(record, moment), delete_time=None, purge_time=None)


def require_live(record: Record) -> None:
    """Refuse a deleted record with RESOURCE_DELETED."""
    if record.delete_time is not None:
        raise MendTheState("RESOURCE_DELETED", "the record is deleted")


def require_etag(record: Record, etag: str) -> None:
    """Refuse an etag that is not that of the record as it stands, with ETAG_MISMATCH."""
    if etag != etag_of(record):
        raise ReadAgain("ETAG_MISMATCH", "the record has changed since this etag was read")


def not_found() -> CheckTheName:
    """Make the refusal for a name that no record has."""
    return CheckTheName("RESOURCE_NOT_FOUND", "there is no record of this name")


def refuse_faults(faults: Iterable[Fault]) -> None:
    """Raise INVALID_FIELD naming every fault, if there is one."""
    found = tuple(dict.fromkeys(faults))
    if found:
        raise invalid(*found)


def refuse_unpublishable(faults: Iterable[Fault]) -> None:
    """Raise NOT_PUBLISHABLE naming every missing field, if there is one."""
    found = tuple(FieldViolation(path, rule) for path, rule in faults)
    if found:
        raise MendTheState("NOT_PUBLISHABLE", "the offer lacks what the public needs", found)


def without_people(record: AnyRecord) -> AnyRecord:
    """Leave people's names out: history keeps none, so that a withdrawn consent leaves nothing behind."""
    nameless: dict[str, Any] = {"contacts": _roles(getattr(record, "contacts", ()))}
    if isinstance(record, Offer):
        nameless["sites"] = tuple(replace(at, contacts=_roles(at.contacts)) for at in record.sites)
    return replace(record, **nameless)


def _roles(contacts: Iterable[ContactPoint]) -> tuple[ContactPoint, ...]:
    return tuple(replace(contact, person_name="", person_consent_time=None) for contact in contacts)
