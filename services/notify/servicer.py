"""Guarantees that each method of the contract is one use case: convert, call, convert."""
# ruff: noqa: N802 - gRPC names the methods; the contract's comments describe them
# ruff: noqa: D102

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

from lotse.notify.v1 import notify_service_pb2 as api
from lotse.notify.v1.notify_service_pb2_grpc import NotifyServiceServicer
from services.common.paging import page_size_of
from services.notify.calls import Calls
from services.notify.convert import (
    delivery_message,
    notification_message,
    recipient_message,
    recipient_of,
    states_of,
)
from services.notify.handlers import deliveries, notifications, recipients
from services.notify.handlers.notifications import Feed
from services.notify.handlers.recipients import MailRules
from services.notify.handlers.telling import MOST_RECIPIENTS
from services.notify.ports import Transaction

Context = Any
"""gRPC's context; everything a method needs of the call is in `current_call()`."""


class NotifyServicer(NotifyServiceServicer):
    """The service over one store."""

    def __init__(self, calls: Calls, feed: Feed, rules: MailRules) -> None:
        self._calls = calls
        self._feed = feed
        self._rules = rules

    async def ListNotifications(
        self, request: api.ListNotificationsRequest, context: Context
    ) -> api.ListNotificationsResponse:
        calls = self._calls
        calls.own_region(request.parent)
        recipient, before = calls.recipient_filter(request.recipient), calls.place_of(request)
        size, open_only = page_size_of(request.page_size), request.unacknowledged_only
        async with calls.store.reading() as store:
            found, place = await notifications.page(
                store, size, recipient=recipient, open_only=open_only, before=before
            )
        return api.ListNotificationsResponse(
            notifications=[notification_message(one, calls.region) for one in found],
            next_page_token=calls.token_for(request, place),
        )

    async def WatchNotifications(
        self, request: api.WatchNotificationsRequest, context: Context
    ) -> AsyncIterator[api.WatchNotificationsResponse]:
        calls = self._calls
        calls.own_region(request.parent)
        recipient = calls.recipient_filter(request.recipient)
        async for one in notifications.watch(calls.store, self._feed, recipient, calls.remaining()):
            yield api.WatchNotificationsResponse(notification=notification_message(one, calls.region))

    async def AcknowledgeNotification(
        self, request: api.AcknowledgeNotificationRequest, context: Context
    ) -> api.AcknowledgeNotificationResponse:
        notification_id = self._calls.own_id(request.name, "notifications")

        async def effect(store: Transaction, moment: datetime) -> api.AcknowledgeNotificationResponse:
            found = await notifications.acknowledge(store, notification_id, moment)
            return api.AcknowledgeNotificationResponse(notification=notification_message(found, self._calls.region))

        return await self._calls.write(api.AcknowledgeNotificationResponse, effect)

    async def CreateRecipient(
        self, request: api.CreateRecipientRequest, context: Context
    ) -> api.CreateRecipientResponse:
        calls = self._calls
        calls.own_region(request.parent)
        draft = recipient_of(request.recipient, request.recipient_id)

        async def effect(store: Transaction, moment: datetime) -> api.CreateRecipientResponse:
            made = await recipients.create(store, draft, moment, calls.new_id, rules=self._rules)
            return api.CreateRecipientResponse(recipient=recipient_message(made, calls.region))

        return await calls.write(api.CreateRecipientResponse, effect)

    async def GetRecipient(self, request: api.GetRecipientRequest, context: Context) -> api.GetRecipientResponse:
        recipient_id = self._calls.own_id(request.name, "recipients")
        async with self._calls.store.reading() as store:
            found = await recipients.get(store, recipient_id)
        return api.GetRecipientResponse(recipient=recipient_message(found, self._calls.region))

    async def ListRecipients(self, request: api.ListRecipientsRequest, context: Context) -> api.ListRecipientsResponse:
        self._calls.own_region(request.parent)
        async with self._calls.store.reading() as store:
            found = await store.recipients(MOST_RECIPIENTS)
        return api.ListRecipientsResponse(recipients=[recipient_message(one, self._calls.region) for one in found])

    async def UpdateRecipient(
        self, request: api.UpdateRecipientRequest, context: Context
    ) -> api.UpdateRecipientResponse:
        calls = self._calls
        recipient_id = calls.own_id(request.recipient.name, "recipients", "recipient.name")
        change, etag = recipient_of(request.recipient, recipient_id), request.recipient.etag

        async def effect(store: Transaction, moment: datetime) -> api.UpdateRecipientResponse:
            after = await recipients.update(store, change, etag, moment, rules=self._rules)
            return api.UpdateRecipientResponse(recipient=recipient_message(after, calls.region))

        return await calls.write(api.UpdateRecipientResponse, effect)

    async def DeleteRecipient(
        self, request: api.DeleteRecipientRequest, context: Context
    ) -> api.DeleteRecipientResponse:
        recipient_id = self._calls.own_id(request.name, "recipients")

        async def effect(store: Transaction, _moment: datetime) -> api.DeleteRecipientResponse:
            await recipients.delete(store, recipient_id, request.etag)
            return api.DeleteRecipientResponse()

        return await self._calls.write(api.DeleteRecipientResponse, effect)

    async def ListDeliveries(self, request: api.ListDeliveriesRequest, context: Context) -> api.ListDeliveriesResponse:
        calls = self._calls
        calls.own_region(request.parent)
        states, before = states_of(request.state), calls.place_of(request)
        async with calls.store.reading() as store:
            found, place = await deliveries.page(store, page_size_of(request.page_size), states=states, before=before)
        return api.ListDeliveriesResponse(
            deliveries=[delivery_message(one, calls.region) for one in found],
            next_page_token=calls.token_for(request, place),
        )

    async def ResendDelivery(self, request: api.ResendDeliveryRequest, context: Context) -> api.ResendDeliveryResponse:
        delivery_id = self._calls.own_id(request.name, "deliveries")

        async def effect(store: Transaction, moment: datetime) -> api.ResendDeliveryResponse:
            again = await deliveries.resend(store, delivery_id, moment)
            return api.ResendDeliveryResponse(delivery=delivery_message(again, self._calls.region))

        return await self._calls.write(api.ResendDeliveryResponse, effect)
