"""Owns the directory's queries. What a filter means is said by `listing.passes`; the contract suite compares both."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import ColumnElement, func, tuple_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from services.directory.adapters.rows import SORT_COLUMNS, TABLE_OF, collection_of, record_from, revision_from
from services.directory.adapters.tables import OfferRow, OfferSiteRow, OfferTopicRow, PublicationRow, RevisionRow
from services.directory.domain.changes import AnyRecord, Revision
from services.directory.domain.enums import OfferState
from services.directory.domain.listing import Query
from services.directory.domain.records import Record


class SqlReading:
    """The directory as one session sees it."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def find(self, kind: type[AnyRecord], record_id: str) -> AnyRecord | None:
        """Give a record, also a deleted one; None when there is none."""
        table = TABLE_OF[kind]
        content = (await self._session.exec(select(table.content).where(col(table.id) == record_id))).one_or_none()
        return None if content is None else record_from(kind, content)

    async def page(self, kind: type[AnyRecord], query: Query) -> list[AnyRecord]:
        """List records in the query's order; ids break ties, so every record has one place."""
        table: Any = TABLE_OF[kind]
        key = getattr(table, SORT_COLUMNS[query.order])
        statement = select(table.content).where(*_filters(table, query))
        if query.after is not None:
            place = tuple_(query.after.value, query.after.id)
            statement = statement.where(
                tuple_(key, table.id) < place if query.descending else tuple_(key, table.id) > place
            )
        order = (key.desc(), table.id.desc()) if query.descending else (key, table.id)
        return await self._records(kind, statement.order_by(*order).limit(query.size))

    async def live(
        self, kind: type[AnyRecord], *, partner: str = "", site: str = "", parent: str = ""
    ) -> list[AnyRecord]:
        """Give all records that are not deleted and point to this partner, site or parent, by id."""
        table: Any = TABLE_OF[kind]
        statement = select(table.content).where(table.delete_time.is_(None)).order_by(table.id)
        if partner:
            statement = statement.where(table.partner == partner)
        if parent:
            statement = statement.where(table.parent == parent)
        if site:
            given_there = select(OfferSiteRow.offer_id).where(col(OfferSiteRow.site) == site)
            statement = statement.where(table.id.in_(given_there))
        return await self._records(kind, statement)

    async def revisions(self, kind: type[Record], record_id: str, *, before: int | None, size: int) -> list[Revision]:
        """List a record's changes, newest first, from below revision `before`."""
        number = col(RevisionRow.revision)
        statement = select(RevisionRow).where(
            RevisionRow.collection == collection_of(kind), RevisionRow.record_id == record_id
        )
        if before is not None:
            statement = statement.where(number < before)
        rows = await self._session.exec(statement.order_by(number.desc()).limit(size))
        return [revision_from(kind, row) for row in rows]

    async def _records(self, kind: type[AnyRecord], statement: SelectOfScalar[Any]) -> list[AnyRecord]:
        return [record_from(kind, content) for content in await self._session.exec(statement)]


async def live_publications(session: AsyncSession) -> Mapping[str, int]:
    """Count what was sent out and not withdrawn, by kind."""
    statement = select(PublicationRow.kind, func.count()).where(col(PublicationRow.deleted).is_(False))
    return dict((await session.exec(statement.group_by(PublicationRow.kind))).all())


def _filters(table: Any, query: Query) -> Iterator[ColumnElement[bool]]:
    """Say in SQL what `listing.passes` says."""
    if not query.show_deleted:
        yield table.delete_time.is_(None)
    for name in ("kind", "partner", "district_code"):
        wanted = getattr(query, name)
        if wanted:
            yield getattr(table, name) == wanted
    if query.states:
        yield table.state.in_(sorted(query.states))
    if query.topic:
        yield table.id.in_(select(OfferTopicRow.offer_id).where(col(OfferTopicRow.topic) == query.topic))
    if query.review_due_by is not None:
        yield col(OfferRow.review_due) <= query.review_due_by
        yield col(OfferRow.state).in_([OfferState.PUBLISHED, OfferState.PAUSED])
        yield col(OfferRow.delete_time).is_(None)
