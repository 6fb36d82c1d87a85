"""Owns the use cases that partners, sites and offers share: create, get, list, update, delete, undelete."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from services.common.errors import ChooseAnother, FieldViolation, MendTheState, invalid
from services.common.names import RESERVED_IDS, ResourceName
from services.directory.domain.changes import (
    AnyRecord,
    Revision,
    changed_fields,
    deleted,
    merged,
    next_revision,
    not_found,
    refuse_faults,
    require_etag,
    require_live,
    undeleted,
    without_people,
    writable_fields,
)
from services.directory.domain.checks import Fault
from services.directory.domain.lifecycle import Action
from services.directory.domain.listing import Position, Query, position_of
from services.directory.handlers.kinds import Kind
from services.directory.ports import Reading, Work


async def create(work: Work, kind: Kind[AnyRecord], record_id: str, draft: AnyRecord, path: str) -> AnyRecord:
    """Create a record of this region; "" as id makes one. Raises INVALID_FIELD, RESOURCE_EXISTS and kind's own."""
    record = begun(work, kind, record_id, draft)
    refuse_faults(all_faults(work, kind, record, path))
    return await add(work, kind, record, path)


def begun(work: Work, kind: Kind[AnyRecord], record_id: str, draft: AnyRecord) -> AnyRecord:
    """Make the first revision of what a caller sent, without anything that only the server sets."""
    uid = str(work.new_id())
    name = str(ResourceName(work.region, kind.collection, record_id or uid))
    fresh = kind.kind(name=name, uid=uid, revision=1, create_time=work.moment, update_time=work.moment)
    return kind.settled(merged(fresh, draft, writable_fields(kind.kind)))


def all_faults(work: Work, kind: Kind[AnyRecord], record: AnyRecord, path: str) -> Iterator[Fault]:
    """Find every fault of a new record, its id included."""
    if record.id in RESERVED_IDS:
        yield f"{path}_id", "is reserved"
    yield from kind.faults(record, path, work)


async def add(work: Work, kind: Kind[AnyRecord], record: AnyRecord, path: str) -> AnyRecord:
    """Store a new record that has no fault of its own; raises RESOURCE_EXISTS and what the kind checks."""
    if await work.store.find(kind.kind, record.id) is not None:
        fields = (FieldViolation(f"{path}_id", "is taken"),)
        raise ChooseAnother("RESOURCE_EXISTS", "there is a record of this id, live or deleted", fields)
    await kind.check(work, record, path)
    return await save(work, kind, None, record, Action.CREATE)


async def get(store: Reading, kind: Kind[AnyRecord], record_id: str) -> AnyRecord:
    """Give a record, also a deleted one; raises RESOURCE_NOT_FOUND."""
    record = await store.find(kind.kind, record_id)
    if record is None:
        raise not_found()
    return record


async def page(store: Reading, kind: Kind[AnyRecord], query: Query) -> tuple[list[AnyRecord], Position | None]:
    """Give a page of records and the place behind it; None at the end."""
    found = await store.page(kind.kind, replace(query, size=query.size + 1))
    shown = found[: query.size]
    return shown, position_of(shown[-1], query.order) if len(found) > query.size else None


async def update(
    work: Work, kind: Kind[AnyRecord], change: AnyRecord, etag: str, names: Iterable[str], path: str
) -> AnyRecord:
    """Take fields over from `change`; one that changes nothing leaves the record as it is.

    Raises RESOURCE_NOT_FOUND, RESOURCE_DELETED, ETAG_MISMATCH, INVALID_FIELD and what the kind checks.
    """
    if not etag:
        raise invalid((f"{path}.etag", "is required"))
    current = await open_for_change(work, kind, change.id, etag)
    after = kind.settled(merged(current, change, names))
    if after == current:
        return current
    after = next_revision(after, work.moment)
    refuse_faults(kind.faults(after, path, work))
    await kind.check(work, after, path)
    await kind.complete(work, after, path)
    return await save(work, kind, current, after, Action.UPDATE)


async def delete(work: Work, kind: Kind[AnyRecord], record_id: str, etag: str) -> AnyRecord:
    """Delete a record; raises RESOURCE_NOT_FOUND, RESOURCE_DELETED, ETAG_MISMATCH, RESOURCE_IN_USE."""
    current = await open_for_change(work, kind, record_id, etag)
    count = await kind.users(work, current)
    if count:
        raise MendTheState("RESOURCE_IN_USE", "live records point to this one", metadata={"count": str(count)})
    return await save(work, kind, current, deleted(current, work.moment), Action.DELETE)


async def undelete(work: Work, kind: Kind[AnyRecord], record_id: str, etag: str, path: str) -> AnyRecord:
    """Bring a record back; raises RESOURCE_NOT_FOUND, RESOURCE_NOT_DELETED, ETAG_MISMATCH, REFERENCE_NOT_FOUND."""
    current = await get(work.store, kind, record_id)
    after = undeleted(current, work.moment)
    require_etag(current, etag)
    await kind.check(work, after, path)
    return await save(work, kind, current, after, Action.UNDELETE)


async def open_for_change(work: Work, kind: Kind[AnyRecord], record_id: str, etag: str) -> AnyRecord:
    """Give the live record that has this etag; raises RESOURCE_NOT_FOUND, RESOURCE_DELETED, ETAG_MISMATCH."""
    record = await get(work.store, kind, record_id)
    require_live(record)
    require_etag(record, etag)
    return record


async def save(
    work: Work, kind: Kind[AnyRecord], before: AnyRecord | None, after: AnyRecord, action: Action
) -> AnyRecord:
    """Store a change, its place in the history, and every entry that the public sees of it."""
    revision = Revision(
        revision=after.revision,
        create_time=work.moment,
        author_role=work.role,
        action=action,
        changed_fields=changed_fields(before, after),
        snapshot=without_people(after),
    )
    await work.store.put(after)
    await work.store.note(kind.kind, after.id, revision)
    await kind.publish(work, before, after)
    return after
