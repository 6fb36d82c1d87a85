"""Owns what one batch of messages changes here: records, and heads of regions."""

from dataclasses import dataclass
from datetime import datetime

from services.common.names import RegionId
from services.search.domain.offers import AutomaticTopic

Place = tuple[str, str, str]
"""Which record: region, kind, id."""

OFFER, PARTNER = "offer", "partner"


@dataclass(frozen=True, slots=True)
class RecordChange:
    """One version of one record of another node, as it was read."""

    region: RegionId
    kind: str
    record_id: str
    epoch: int
    revision: int
    outbox_seq: int
    deleted: bool
    body: bytes
    """The entry; empty when deleted, and for kinds of which only the version is kept."""
    automatic_topics: tuple[AutomaticTopic, ...] = ()
    topics_by: str = ""

    @property
    def place(self) -> Place:
        """Say which record it is."""
        return self.region, self.kind, self.record_id

    @property
    def order(self) -> tuple[int, int]:
        """Its place among the versions of the record."""
        return self.epoch, self.revision


@dataclass(frozen=True, slots=True)
class HeadChange:
    """What a region said about itself, and when it sent that."""

    region: RegionId
    epoch: int
    outbox_high_mark: int
    live_offers: int | None
    sent: datetime


@dataclass(frozen=True, slots=True)
class ReadBatch:
    """Everything that one batch changes, to be committed at once."""

    records: tuple[RecordChange, ...] = ()
    heads: tuple[HeadChange, ...] = ()
