"""Owns the use cases around deliveries: list, and send again by hand."""

from collections.abc import Sequence
from datetime import datetime

from services.common.errors import CheckTheName
from services.notify.domain.records import Delivery, DeliveryState
from services.notify.ports import Reading, Transaction


async def page(
    store: Reading, size: int, *, states: Sequence[DeliveryState], before: int | None
) -> tuple[list[Delivery], int | None]:
    """Give a page, newest first, and the place below which the next one begins; None at the end."""
    found = await store.deliveries(size + 1, states=states, before=before)
    shown = found[:size]
    return shown, shown[-1].seq if len(found) > size else None


async def resend(store: Transaction, delivery_id: str, moment: datetime) -> Delivery:
    """Have a failed or unknown delivery sent again; raises RESOURCE_NOT_FOUND, STATE_NOT_ALLOWED."""
    found = await store.delivery(delivery_id)
    if found is None:
        raise CheckTheName("RESOURCE_NOT_FOUND", "there is no delivery of this name")
    again = found.again(moment)
    await store.replace_delivery(again)
    return again
