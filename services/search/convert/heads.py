"""From what a node says about itself to what coverage needs of it."""

from datetime import datetime

from google.protobuf.message import DecodeError

from lotse.federation.v1.envelope_pb2 import Envelope, NodeHead
from services.common.names import RegionId
from services.search.convert.entries import BodyInvalid
from services.search.domain.reading import OFFER, HeadChange


def read_head(envelope: Envelope, sent: datetime) -> HeadChange:
    """Read a head; `sent` is when it was sent. Raises BodyInvalid."""
    try:
        head = NodeHead.FromString(envelope.body)
    except DecodeError as error:
        raise BodyInvalid from error
    return HeadChange(
        region=RegionId(envelope.origin),
        epoch=head.epoch,
        outbox_high_mark=head.outbox_high_mark,
        live_offers=head.live_records.get(OFFER),
        sent=sent,
    )
