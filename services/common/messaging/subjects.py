"""Owns the NATS subjects, streams and message ids of the federation (federation.md, "Subjects").

Nothing personal stands in a subject: only regions, kinds and opaque ids.
"""

import re
from dataclasses import dataclass
from typing import Final

from services.common.names import RegionId, is_token

CATALOG: Final = "CATALOG"
MAIL: Final = "MAIL"
NODE: Final = "NODE"
CATALOG_FILTER: Final = "fed.cat.>"
MAIL_FILTER: Final = "fed.to.>"
NODE_FILTER: Final = "node.>"

HEAD_KIND: Final = "node"
HEAD_ID: Final = "head"

LETTER_KIND: Final = "ref"
"""A sealed message about a referral; number 0 is the released person, 1 and up are steps."""
RECEIPT_KIND: Final = "rcpt"
"""What the receiver says of the letter of the same number, in the clear."""

_NUMBER = re.compile(r"0|[1-9][0-9]{0,8}")


class NotASubject(ValueError):
    """The text is no subject of a record."""


@dataclass(frozen=True, slots=True)
class SubjectParts:
    """What a record's subject says: `region` on the hub, `service` on a node's own broker, never both.

    In mail `region` is the sender, `to` the receiver and `number` the place of the message among those of its referral.
    """

    region: RegionId | None
    service: str | None
    kind: str
    id: str
    to: RegionId | None = None
    number: int | None = None


def catalog_subject(region: RegionId, kind: str, record_id: str) -> str:
    """Name where a region's record stands in the hub's catalog: fed.cat.<region>.<kind>.<id>."""
    return _joined("fed", "cat", region, kind, record_id)


def head_subject(region: RegionId) -> str:
    """Name where a region's node tells how far it has published: fed.cat.<region>.node.head."""
    return catalog_subject(region, HEAD_KIND, HEAD_ID)


def local_subject(service: str, kind: str, record_id: str) -> str:
    """Name where a service tells the other services of its node: node.<service>.<kind>.<id>."""
    return _joined("node", service, kind, record_id)


def mail_subject(to: RegionId, sender: RegionId, kind: str, record_id: str, number: int) -> str:
    """Name where a message between regions waits: fed.to.<to>.<from>.<kind>.<id>.<number>."""
    return _joined("fed", "to", to, sender, kind, record_id, str(number))


def mail_filter(name: str) -> str:
    """Name everything that is addressed to a region or to the hub: fed.to.<name>.>."""
    return _joined("fed", "to", name) + ".>"


def region_filter(region: RegionId) -> str:
    """Name everything of one region in the catalog: fed.cat.<region>.>."""
    return _joined("fed", "cat", region) + ".>"


def parse_subject(text: str) -> SubjectParts:
    """Take the subject of a record apart; raises NotASubject for any other text."""
    parts = text.split(".")
    if not all(map(is_token, parts)):
        raise NotASubject("a part of the subject is no token")
    match parts:
        case ["fed", "cat", region, kind, record_id]:
            return SubjectParts(RegionId(region), None, kind, record_id)
        case ["node", service, kind, record_id]:
            return SubjectParts(None, service, kind, record_id)
        case ["fed", "to", to, sender, ("ref" | "rcpt") as kind, record_id, number] if _NUMBER.fullmatch(number):
            return SubjectParts(RegionId(sender), None, kind, record_id, RegionId(to), int(number))
    raise NotASubject("no subject of a record")


def message_id(region: RegionId, kind: str, record_id: str, epoch: int, revision: int, outbox_seq: int) -> str:
    """Make the Nats-Msg-Id of one outbox row: the same row sent twice within two minutes is stored once.

    The region is part of it because all regions share a stream: without it half of two regions' messages vanished.
    The outbox position is, so that a deliberate resend (a new row of the same revision) is not swallowed.
    """
    return f"{region}:{kind}:{record_id}:{epoch}.{revision}:{outbox_seq}"


def _joined(*parts: str) -> str:
    if not all(map(is_token, parts)):
        raise NotASubject("a part of the subject is no token")
    return ".".join(parts)
