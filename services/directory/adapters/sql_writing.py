"""Owns how changes are written: record, index rows, history, published entry and stored answer in one transaction."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Delete, delete
from sqlmodel import SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.common.db import outbox, requests
from services.common.db.outbox import OutboxRecord
from services.common.db.requests import RequestKey
from services.directory.adapters.rows import TABLE_OF, collection_of, revision_values, row_values
from services.directory.adapters.sql_reading import SqlReading
from services.directory.adapters.tables import OfferSiteRow, OfferTopicRow, PublicationRow, RevisionRow
from services.directory.convert import offer_entry, partner_entry
from services.directory.domain.changes import Revision
from services.directory.domain.offer import Offer
from services.directory.domain.records import Partner, Record, Site
from services.directory.ports import Asked

TARGETS = ("hub", "local")
"""Where entries go: the federation's catalog and this node's own services."""


class SqlTransaction(SqlReading):
    """A change under way; nobody else writes meanwhile."""

    def __init__(self, session: AsyncSession, epoch: int) -> None:
        super().__init__(session)
        self._epoch = epoch

    async def put(self, record: Record) -> None:
        """Store a record, new or changed, and what it is found by."""
        table = TABLE_OF[type(record)]
        await self._session.merge(table(**row_values(record)))
        if isinstance(record, Offer):
            await self._replace_index(
                OfferTopicRow, record.id, (OfferTopicRow(topic=t, offer_id=record.id) for t in record.topics)
            )
            await self._replace_index(
                OfferSiteRow, record.id, (OfferSiteRow(site=s, offer_id=record.id) for s in record.site_names)
            )
        await self._session.flush()

    async def note(self, kind: type[Record], record_id: str, revision: Revision) -> None:
        """Keep one change in the record's history."""
        self._session.add(RevisionRow(**revision_values(kind, record_id, revision)))
        await self._session.flush()

    async def publish_offer(self, offer: Offer, partner: Partner, sites: Sequence[Site], moment: datetime) -> None:
        """Send an offer's whole entry; raises ENTRY_TOO_LARGE."""
        await self._publish(Offer, offer.id, offer_entry(offer, partner, sites), moment)

    async def publish_partner(self, partner: Partner, sites: Sequence[Site], moment: datetime) -> None:
        """Send a partner's whole entry; raises ENTRY_TOO_LARGE."""
        await self._publish(Partner, partner.id, partner_entry(partner, sites), moment)

    async def withdraw(self, kind: type[Record], record_id: str, moment: datetime) -> None:
        """Send word that a record is gone; nothing when it was never sent or that was said already."""
        row = await self._session.get(PublicationRow, (collection_of(kind), record_id))
        if row is not None and not row.deleted:
            await self._publish(kind, record_id, None, moment)

    async def answer_to(self, asked: Asked) -> bytes | None:
        """Give the answer to a repeat; raises ChooseAnother REQUEST_ID_REUSED."""
        stored = await requests.find(self._session, _key(asked))
        return None if stored is None else stored.answer

    async def keep_answer(self, asked: Asked, answer: bytes, moment: datetime) -> None:
        """Keep the answer for repeats, together with the change."""
        await requests.remember(self._session, _key(asked), answer, moment)

    async def purge(self, moment: datetime, answers_before: datetime) -> int:
        """Remove for good what may vanish by now, and old answers; gives how many records. Versions count on."""
        await requests.forget_older(self._session, answers_before)
        return sum([await self._purge(kind, moment) for kind in TABLE_OF])

    async def _purge(self, kind: type[Record], moment: datetime) -> int:
        table = TABLE_OF[kind]
        ids = (await self._session.exec(select(table.id).where(col(table.purge_time) <= moment))).all()
        statements: list[Delete] = [delete(table).where(col(table.id).in_(ids))]
        of_kind = col(RevisionRow.collection) == collection_of(kind)
        statements.append(delete(RevisionRow).where(of_kind, col(RevisionRow.record_id).in_(ids)))
        if kind is Offer:
            statements += [delete(index).where(col(index.offer_id).in_(ids)) for index in (OfferTopicRow, OfferSiteRow)]
        for statement in statements if ids else ():
            await self._session.exec(statement)
        return len(ids)

    async def _publish(self, kind: type[Record], record_id: str, body: bytes | None, moment: datetime) -> None:
        """Count the record's version up and put it into the outbox; None as body means that it is gone."""
        row = await self._session.get(PublicationRow, (collection_of(kind), record_id))
        if row is None:
            row = PublicationRow(kind=collection_of(kind), record_id=record_id, revision=0, deleted=False)
        row.revision, row.deleted = row.revision + 1, body is None
        self._session.add(row)
        await self._session.flush()
        record = OutboxRecord(row.kind, record_id, self._epoch, row.revision, row.deleted, body or b"", moment)
        await outbox.add(self._session, record, TARGETS)

    async def _replace_index(
        self, table: type[OfferTopicRow] | type[OfferSiteRow], offer_id: str, rows: Iterable[SQLModel]
    ) -> None:
        await self._session.exec(delete(table).where(col(table.offer_id) == offer_id))
        self._session.add_all(list(rows))


def _key(asked: Asked) -> RequestKey:
    return RequestKey(asked.caller, asked.request_id, asked.method, asked.content_hash)
