"""Owns how mail and changes stand in the outbox: each has a record of its own, so that none replaces another.

A row's `kind` is the receiving region and its `record_id` says which mail; what readers are told stands in the subject.
A resent row may replace the same mail that still waits, and nothing else.
"""

from dataclasses import replace
from datetime import datetime

from services.common.db.outbox import OutboxRecord, OutboxRow
from services.common.messaging.subjects import local_subject, mail_subject
from services.common.names import RegionId
from services.referral.ports import MailKind

SERVICE = "referral"
CHANGE = "referral"
"""Kind of what the node's other services are told: node.referral.referral.<id>."""


def mail_id(kind: MailKind, referral_id: str, number: int) -> str:
    """Name one mail among all to a region: "ref-<referral>-<number>"."""
    return f"{kind}-{referral_id}-{number}"


def mail_record(
    epoch: int, kind: MailKind, to: str, referral_id: str, number: int, body: bytes, moment: datetime
) -> OutboxRecord:
    """Make the outbox record of a mail; its revision is its number plus one (envelope.py)."""
    # Not "deleted", even with an empty body: a tombstone's time to live is a matter of the catalog.
    return OutboxRecord(to, mail_id(kind, referral_id, number), epoch, number + 1, False, body, moment)


def change_record(epoch: int, referral_id: str, changes: int, body: bytes, moment: datetime) -> OutboxRecord:
    """Make the outbox record of a change; `changes` counts a referral's changes at this node, from 1."""
    return OutboxRecord(CHANGE, f"{referral_id}-{changes}", epoch, changes, False, body, moment)


def mail_subject_of(region: RegionId, row: OutboxRow) -> str:
    """Name where a mail waits; raises ValueError for a row that is none."""
    kind, referral_id, number = _taken_apart(row.record.record_id)
    return mail_subject(RegionId(row.record.kind), region, kind, referral_id, number)


def mail_told(row: OutboxRow) -> OutboxRecord:
    """Give a mail as its reader sees it."""
    kind, referral_id, _ = _taken_apart(row.record.record_id)
    return replace(row.record, kind=kind, record_id=referral_id)


def change_subject_of(row: OutboxRow) -> str:
    """Name where a change is told."""
    return local_subject(SERVICE, CHANGE, change_told(row).record_id)


def change_told(row: OutboxRow) -> OutboxRecord:
    """Give a change as its reader sees it."""
    return replace(row.record, record_id=row.record.record_id.rpartition("-")[0])


def _taken_apart(record_id: str) -> tuple[str, str, int]:
    kind, _, rest = record_id.partition("-")
    referral_id, _, number = rest.rpartition("-")
    return kind, referral_id, int(number)
