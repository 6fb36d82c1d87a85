"""Reads what the owners hold, straight from their databases: records, histories, publications, outboxes.

A public entry is made afresh of the rows as they stand, whatever was put into the outbox at the time: so an entry that
was not sent again when its partner changed is seen.
"""

from collections import defaultdict
from collections.abc import Mapping

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.common.clock import today_in_saxony, utc_now
from services.common.db import outbox
from services.common.db.engine import connect_database
from services.common.db.inbox import external_version
from services.common.names import RegionId
from services.directory.adapters.rows import collection_of, revision_from
from services.directory.adapters.sql_reading import SqlReading
from services.directory.adapters.tables import PublicationRow, RevisionRow
from services.directory.convert import offer_entry
from services.directory.domain.enums import OfferState
from services.directory.domain.listing import Query
from services.directory.domain.offer import Offer
from services.directory.domain.records import Partner
from services.directory.settings import DirectorySettings
from tests.support.storm.facts import Change, Owned
from tests.support.storm.history import Place
from tests.support.storm.records import marker_of

_ALL = Query(show_deleted=True, size=1_000_000)
Record = Offer | Partner
Histories = Mapping[str, tuple[Change, ...]]


async def read_owner(settings: DirectorySettings) -> dict[Place, Owned]:
    """Read all partners and offers of a region as of one moment."""
    async with connect_database(settings.directory_database_url) as database, database.reading() as session:
        reading = SqlReading(session)
        partners = {partner.name: partner for partner in await reading.page(Partner, _ALL)}
        offers = await reading.page(Offer, _ALL)
        publications = {(row.kind, row.record_id): row for row in await session.exec(select(PublicationRow))}
        histories = {kind: await _histories(session, kind) for kind in (Partner, Offer)}
    found = {}
    records: list[Record] = [*partners.values(), *offers]
    for record in records:
        kind = collection_of(type(record))
        publication = publications.get((kind, record.id))
        place = settings.region, kind, record.id
        found[place] = Owned(
            place=place,
            revision=record.revision,
            marker=_marker(record),
            version=external_version(settings.epoch, publication.revision) if publication else 0,
            gone=publication.deleted if publication else False,
            entry=_entry(record, publication, partners),
            searchable=_searchable(record),
            changes=histories[type(record)].get(record.id, ()),
        )
    return found


async def unsent(settings: DirectorySettings) -> dict[str, int]:
    """Count outbox rows by region and target."""
    async with connect_database(settings.directory_database_url) as database, database.reading() as session:
        waiting = await outbox.depth(session)
    return {f"{RegionId(settings.region)} to {target}": depth.rows for target, depth in waiting.items()}


async def _histories(session: AsyncSession, kind: type[Record]) -> Histories:
    rows = await session.exec(
        select(RevisionRow).where(RevisionRow.collection == collection_of(kind)).order_by(RevisionRow.revision)  # type: ignore[arg-type]
    )
    found: dict[str, tuple[Change, ...]] = defaultdict(tuple)
    for row in rows:
        revision = revision_from(kind, row)
        snapshot = revision.snapshot
        assert isinstance(snapshot, Offer | Partner)
        found[row.record_id] += (Change(revision.revision, str(revision.action), _marker(snapshot)),)
    return found


def _marker(record: Record) -> str:
    return marker_of(record.texts[0].title if isinstance(record, Offer) else record.display_name)


def _entry(record: Record, publication: PublicationRow | None, partners: Mapping[str, Partner]) -> bytes:
    if not isinstance(record, Offer) or publication is None or publication.deleted:
        return b""
    return offer_entry(record, partners[record.partner], [])


def _searchable(record: Record) -> bool:
    if not isinstance(record, Offer) or record.delete_time is not None or record.state is not OfferState.PUBLISHED:
        return False
    return record.valid_until is None or record.valid_until >= today_in_saxony(utc_now())
