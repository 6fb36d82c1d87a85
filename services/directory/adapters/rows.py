"""Owns how a record becomes a row and back; the columns beside `content` are made here and nowhere else."""

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from services.directory.adapters.tables import OfferRow, PartnerRow, RecordRow, RevisionRow, SiteRow
from services.directory.domain.changes import AnyRecord, Revision
from services.directory.domain.lifecycle import Action
from services.directory.domain.listing import Order, sort_value
from services.directory.domain.offer import Offer
from services.directory.domain.records import Partner, Record, Site

TABLE_OF: dict[type[Record], type[RecordRow]] = {Partner: PartnerRow, Site: SiteRow, Offer: OfferRow}
"""Where each kind of record is kept."""

SORT_COLUMNS = {
    Order.CREATE_TIME: "create_time",
    Order.UPDATE_TIME: "update_time",
    Order.TITLE: "title_key",
    Order.REVIEW_DUE_DATE: "review_due",
}
"""The column that holds `listing.sort_value` of an order."""


def row_values(record: Record) -> dict[str, Any]:
    """Give all columns of a record's row."""
    content = _ADAPTERS[type(record)].dump_python(record, mode="json")
    same = ("uid", "revision", "kind", "create_time", "update_time", "delete_time", "purge_time")
    values = {name: getattr(record, name) for name in (*same, *_LINKS[type(record)])}
    values |= {"id": record.id, "kind": str(values["kind"]), "content": content}
    values["title_key"] = sort_value(record, Order.TITLE)
    if isinstance(record, Offer):
        values |= {"state": str(record.state), "review_due": sort_value(record, Order.REVIEW_DUE_DATE)}
    return values


def record_from(kind: type[AnyRecord], content: Mapping[str, Any]) -> AnyRecord:
    """Read a record from its content."""
    record: AnyRecord = _ADAPTERS[kind].validate_python(content)
    return record


def revision_values(kind: type[Record], record_id: str, revision: Revision) -> dict[str, Any]:
    """Give all columns of a change's row."""
    content = {
        "author_role": revision.author_role,
        "action": str(revision.action),
        "changed_fields": list(revision.changed_fields),
        "snapshot": _ADAPTERS[kind].dump_python(revision.snapshot, mode="json"),
    }
    return {
        "collection": collection_of(kind),
        "record_id": record_id,
        "revision": revision.revision,
        "create_time": revision.create_time,
        "content": content,
    }


def revision_from(kind: type[Record], row: RevisionRow) -> Revision:
    """Read one change."""
    return Revision(
        revision=row.revision,
        create_time=row.create_time,
        author_role=row.content["author_role"],
        action=Action(row.content["action"]),
        changed_fields=tuple(row.content["changed_fields"]),
        snapshot=record_from(kind, row.content["snapshot"]),
    )


def collection_of(kind: type[Record]) -> str:
    """Name the kind as events and tables do: "offer"."""
    return kind.__name__.lower()


_LINKS: dict[type[Record], tuple[str, ...]] = {
    Partner: ("parent",),
    Site: ("partner", "district_code"),
    Offer: ("partner",),
}


_ADAPTERS: dict[type[Record], TypeAdapter[Any]] = {kind: TypeAdapter(kind) for kind in TABLE_OF}
