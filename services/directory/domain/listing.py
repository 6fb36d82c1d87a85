"""Owns what a list can be asked for, and where a record stands in it."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum

from services.directory.domain.enums import OfferState
from services.directory.domain.lifecycle import is_review_due
from services.directory.domain.offer import Offer
from services.directory.domain.records import Partner, Record, Site
from services.directory.domain.texts import sort_key

SortValue = str | datetime | date
"""What a list is sorted by; within one order always of one type."""


class Order(StrEnum):
    """What a list is sorted by."""

    CREATE_TIME = "create_time"
    UPDATE_TIME = "update_time"
    TITLE = "title"
    REVIEW_DUE_DATE = "review_due_date"


@dataclass(frozen=True, slots=True)
class Position:
    """A place between two records of a list: after the one with this value and id."""

    value: SortValue
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What to list. "" or None or an empty set as filter lets all pass; `size` is the most to give."""

    order: Order = Order.CREATE_TIME
    descending: bool = False
    show_deleted: bool = False
    size: int = 50
    after: Position | None = None
    kind: str = ""
    partner: str = ""
    district_code: str = ""
    topic: str = ""
    states: frozenset[OfferState] = frozenset()
    review_due_by: date | None = None


def parse_order(order_by: str) -> tuple[Order, bool]:
    """Read "title desc" and the like, as the contract allows it; "" means oldest first."""
    name, _, direction = order_by.partition(" ")
    # Partners and sites are sorted by their display name as offers by their title.
    return Order(name.replace("display_name", "title") or "create_time"), direction == "desc"


def sort_value(record: Record, order: Order) -> SortValue:
    """Say where a record stands in an order. Without a review date it stands behind all that have one."""
    if order is Order.TITLE:
        return sort_key(title_of(record))
    if order is Order.REVIEW_DUE_DATE:
        return getattr(record, "review_due_date", None) or date.max
    moment = record.update_time if order is Order.UPDATE_TIME else record.create_time
    return moment or datetime.min.replace(tzinfo=UTC)


def position_of(record: Record, order: Order) -> Position:
    """Give the place right behind a record."""
    return Position(sort_value(record, order), record.id)


def write_position(position: Position) -> list[str]:
    """Write a place as two texts."""
    value = position.value
    return [value if isinstance(value, str) else value.isoformat(), position.id]


def read_position(written: list[str], order: Order) -> Position:
    """Read what `write_position` wrote for the same order."""
    text, record_id = written
    if order is Order.TITLE:
        return Position(text, record_id)
    if order is Order.REVIEW_DUE_DATE:
        return Position(date.fromisoformat(text), record_id)
    return Position(datetime.fromisoformat(text), record_id)


def title_of(record: Record) -> str:
    """Give what people call a record."""
    return record.display_name if isinstance(record, Partner | Site) else getattr(record, "title", "")


def passes(record: Record, query: Query) -> bool:
    """Say whether a record is among those asked for; the meaning that each store's own filter must have."""
    return (
        (query.show_deleted or record.delete_time is None)
        and (not query.kind or query.kind == getattr(record, "kind", ""))
        and (not query.partner or query.partner == getattr(record, "partner", ""))
        and (not query.district_code or query.district_code == getattr(record, "district_code", ""))
        and (not query.topic or query.topic in getattr(record, "topics", ()))
        and (not query.states or getattr(record, "state", None) in query.states)
        and (query.review_due_by is None or (isinstance(record, Offer) and is_review_due(record, query.review_due_by)))
    )
