"""Owns what a case is and how it changes: pseudonymous unless a person is recorded, blank once it was erased."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from services.common.errors import MendTheState, ReadAgain, invalid
from services.referral.domain.values import Audience, Consent, Fact, Preview, Urgency

WRITABLE = frozenset(
    {
        "intake_text",
        "language_code",
        "district_code",
        "topics",
        "audience",
        "facts",
        "urgency",
        "document_kinds",
        "person",
    }
)
"""Fields that a caller may set; the rest is output only."""

_KEYS = frozenset({"name", "etag"})
"""Fields of a change that say which case in which version; never taken over."""


class CaseState(StrEnum):
    """Whether a case is worked on."""

    UNSPECIFIED = "unspecified"
    OPEN = "open"
    ERASED = "erased"


@dataclass(frozen=True, slots=True)
class Case:
    """One case of this node. The person is kept apart from it and stands in none of its fields."""

    id: str
    revision: int
    create_time: datetime
    update_time: datetime
    state: CaseState
    intake_text: str = ""
    language_code: str = ""
    district_code: str = ""
    topics: tuple[str, ...] = ()
    audience: Audience = Audience.UNSPECIFIED
    facts: tuple[Fact, ...] = ()
    urgency: Urgency = Urgency.UNSPECIFIED
    document_kinds: tuple[str, ...] = ()
    has_person: bool = False
    consent: Consent | None = None

    @property
    def etag(self) -> str:
        """Name this version of the case."""
        return hashlib.sha256(f"{self.id}:{self.revision}".encode()).hexdigest()[:16]

    @property
    def may_be_released(self) -> bool:
        """Whether its person may be told to somebody: there is one, and the consent holds."""
        return self.has_person and self.consent is not None and self.consent.holds

    @property
    def needs_consent(self) -> bool:
        """Whether it cannot be referred because a person is recorded who has not agreed, or no longer agrees."""
        return self.has_person and not self.may_be_released

    def preview(self) -> Preview:
        """Give what a target may see: no words of the person, nothing that names or reaches anybody."""
        return Preview(
            topics=self.topics,
            language_code=self.language_code,
            district_code=self.district_code,
            audience=self.audience,
            urgency=self.urgency,
            document_kinds=self.document_kinds,
            facts=self.facts,
            person_follows=self.may_be_released,
        )


def changed(current: Case, change: Case, names: Iterable[str], moment: datetime, *, has_person: bool) -> Case:
    """Take the named fields over, as the next revision."""
    taken = {name: getattr(change, name) for name in names if name != "person"}
    return _next(replace(current, **taken, has_person=has_person), moment)


def with_consent(current: Case, consent: Consent | None, moment: datetime) -> Case:
    """Set the consent, as the next revision."""
    return _next(replace(current, consent=consent), moment)


def erased(current: Case, moment: datetime) -> Case:
    """Give the stub that stays: number, dates, state."""
    stub = Case(current.id, current.revision, current.create_time, current.update_time, CaseState.ERASED)
    return _next(stub, moment)


def masked_fields(paths: Iterable[str], given: Iterable[str]) -> frozenset[str]:
    """Say which fields a change takes over; without paths all that are set. Raises INVALID_FIELD."""
    named = tuple(paths)
    wanted = frozenset(named or (name for name in given if name in WRITABLE)) - _KEYS
    if "*" in wanted:
        return WRITABLE
    refused = sorted(wanted - WRITABLE)
    if refused:
        raise invalid(("update_mask", "names fields that a caller cannot change or that do not exist"))
    return wanted


def require_etag(case: Case, etag: str) -> None:
    """Raise ETAG_MISMATCH unless this is the version that was read."""
    if case.etag != etag:
        raise ReadAgain("ETAG_MISMATCH", "the case has changed since the etag was read")


def require_content(case: Case) -> None:
    """Raise CASE_ERASED for a case whose content is gone."""
    if case.state is CaseState.ERASED:
        raise MendTheState("CASE_ERASED", "the content of the case was erased")


def _next(case: Case, moment: datetime) -> Case:
    return replace(case, revision=case.revision + 1, update_time=moment)
