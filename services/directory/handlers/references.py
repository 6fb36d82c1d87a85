"""Guarantees that records point to live records of this region, and never in a circle."""

from collections.abc import Awaitable, Callable, Sequence

from services.common.errors import FieldViolation, MendTheState
from services.directory.domain.changes import AnyRecord
from services.directory.domain.checks import Fault
from services.directory.domain.offer import Offer
from services.directory.domain.records import Partner, Record, Site
from services.directory.ports import Work


async def related(work: Work, offer: Offer, path: str = "offer") -> tuple[Partner, list[Site]]:
    """Give an offer's partner and its sites in its own order; raises REFERENCE_NOT_FOUND naming all missing."""
    partner = await live_or_none(work, Partner, offer.partner)
    sites = [await live_or_none(work, Site, name) for name in offer.site_names]
    missing = [] if partner else [f"{path}.partner"]
    missing += [f"{path}.sites[{place}].site" for place, site in enumerate(sites) if site is None]
    if partner is None or missing:
        raise reference_missing(missing)
    return partner, [site for site in sites if site is not None]


async def require_partner(work: Work, name: str, path: str) -> None:
    """Raise REFERENCE_NOT_FOUND for `path` unless this partner is there and live."""
    if await live_or_none(work, Partner, name) is None:
        raise reference_missing([path])


async def require_parent(work: Work, partner: Partner, path: str) -> None:
    """Check the chain above a partner; a parent in another region is a link that nobody here can check.

    Raises REFERENCE_NOT_FOUND, or REFERENCE_CYCLE when the chain comes back.
    """
    if not partner.parent or is_foreign(partner.parent, partner):
        return
    await _refuse_circle(partner.name, [partner.parent], lambda name: _parents(work, partner, name), path)
    await require_partner(work, partner.parent, path)


async def refuse_prerequisite_circle(work: Work, offer: Offer, path: str) -> None:
    """Raise REFERENCE_CYCLE when following prerequisites inside this region leads back to the offer."""
    await _refuse_circle(offer.name, _steps(offer), lambda name: _prerequisites(work, offer, name), path)


def foreign_references(record: Record, names: Sequence[tuple[str, str]]) -> list[Fault]:
    """Name references (path, name) that lead to another region than the record's own."""
    return [(path, "must be of this region") for path, name in names if name and is_foreign(name, record)]


def is_foreign(name: str, record: Record) -> bool:
    """Say whether a name belongs to another region than a record."""
    return name.split("/")[1] != record.name.split("/")[1]


async def live_or_none(work: Work, kind: type[AnyRecord], name: str) -> AnyRecord | None:
    """Give the live record of that name, if there is one."""
    record = await work.store.find(kind, name.rpartition("/")[2])
    return record if record is not None and record.delete_time is None else None


def reference_missing(paths: Sequence[str]) -> MendTheState:
    """Make the refusal for references that lead nowhere."""
    fields = tuple(FieldViolation(path, "must name a record that exists and is not deleted") for path in paths)
    return MendTheState("REFERENCE_NOT_FOUND", "a record that this one points to is missing", fields)


async def _refuse_circle(
    start: str, first: Sequence[str], onward: Callable[[str], Awaitable[Sequence[str]]], path: str
) -> None:
    """Follow names; deleted records count too, so that bringing one back can never close a circle."""
    waiting, seen = list(first), set[str]()
    while waiting:
        name = waiting.pop()
        if name == start:
            fields = (FieldViolation(path, "must not lead back to this record"),)
            raise MendTheState("REFERENCE_CYCLE", "the references would form a circle", fields)
        if name not in seen:
            seen.add(name)
            waiting.extend(await onward(name))


async def _parents(work: Work, start: Partner, name: str) -> Sequence[str]:
    partner = None if is_foreign(name, start) else await work.store.find(Partner, name.rpartition("/")[2])
    return [partner.parent] if partner is not None and partner.parent else []


async def _prerequisites(work: Work, start: Offer, name: str) -> Sequence[str]:
    offer = None if is_foreign(name, start) else await work.store.find(Offer, name.rpartition("/")[2])
    return [] if offer is None else _steps(offer)


def _steps(offer: Offer) -> list[str]:
    return [step.offer for step in offer.prerequisites if step.offer]
