"""Owns the use cases of a case: taking in, reading, changing."""

from collections.abc import Iterable
from dataclasses import replace

from services.common.errors import CheckTheName, invalid
from services.referral.domain.case import Case, CaseState, changed, require_content, require_etag
from services.referral.domain.values import Person
from services.referral.ports import Owner, Position, Reading, Work


async def create_case(work: Work, draft: Case, person: Person | None) -> Case:
    """Take a case in; without a person it stays pseudonymous."""
    case = replace(
        draft,
        id=str(work.new_id()),
        revision=1,
        create_time=work.moment,
        update_time=work.moment,
        state=CaseState.OPEN,
        has_person=person is not None,
        consent=None,
    )
    await work.store.put_case(case)
    if person is not None:
        await work.store.put_person(owner_of(case), person)
    return case


async def case_of(store: Reading, case_id: str) -> Case:
    """Give a case; raises RESOURCE_NOT_FOUND."""
    found = await store.case(case_id)
    if found is None:
        raise CheckTheName("RESOURCE_NOT_FOUND", "no such case")
    return found


async def list_cases(store: Reading, after: Position | None, size: int) -> tuple[list[Case], Position | None]:
    """Give a page of cases and the place behind it; None at the end."""
    found = await store.cases(after, size + 1)
    shown = found[:size]
    return shown, Position(shown[-1].create_time, shown[-1].id) if len(found) > size else None


async def update_case(
    work: Work, case_id: str, etag: str, change: Case, person: Person | None, names: Iterable[str]
) -> Case:
    """Take fields over; "person" without a person deletes the one that was recorded.

    Raises RESOURCE_NOT_FOUND, CASE_ERASED, ETAG_MISMATCH, INVALID_FIELD.
    """
    names = frozenset(names)
    if not etag:
        raise invalid(("case.etag", "is required"))
    current = await case_of(work.store, case_id)
    require_content(current)
    require_etag(current, etag)
    if not names:
        return current
    touches = "person" in names
    after = changed(
        current, change, names, work.moment, has_person=person is not None if touches else current.has_person
    )
    await work.store.put_case(after)
    if touches and person is not None:
        await work.store.put_person(owner_of(after), person)
    elif touches:
        await work.store.forget_person(owner_of(after))
    return after


def owner_of(case: Case) -> Owner:
    """Say under whose key the case's person is kept."""
    return Owner("case", case.id)
