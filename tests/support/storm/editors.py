"""Editors of one region: they create, change and delete side by side, and repeat what they had no answer to.

A repeat carries the same request_id, as a console would send it. Some editors give up instead, as people do, and then
nobody knows whether the write was done.
"""

import asyncio
import random
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import grpc
from google.protobuf.field_mask_pb2 import FieldMask

from lotse.directory.v1 import offer_pb2, offer_requests_pb2, partner_pb2, partner_requests_pb2
from services.common.rpc.client import RpcError
from tests.support.storm.history import History, Operation, Outcome, Place, Result
from tests.support.storm.readers import name_of
from tests.support.storm.records import offer_named, offer_texts, partner_name, partner_named

if TYPE_CHECKING:  # the generated code knows them in its .pyi only
    from lotse.directory.v1.directory_service_pb2_grpc import DirectoryServiceAsyncStub

Ask = Callable[[str, str], Awaitable[Any]]
"""Makes one call with a request_id and a marker; gives the offer or partner of the answer."""

DEFINITE = frozenset(
    {
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.NOT_FOUND,
        grpc.StatusCode.ALREADY_EXISTS,
        grpc.StatusCode.ABORTED,
        grpc.StatusCode.FAILED_PRECONDITION,
        grpc.StatusCode.PERMISSION_DENIED,
        grpc.StatusCode.UNAUTHENTICATED,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
    }
)
"""Codes that say "not done"; after any other the write may have been done."""

GIVES_UP = 0.3
"""Share of writes whose editor does not ask again."""
PATIENCE_SECONDS = 60.0
_STEPS = {"publish": "PublishOffer", "pause": "PauseOffer", "delete": "DeleteOffer", "undelete": "UndeleteOffer"}
_CHOICES = {
    offer_pb2.OFFER_STATE_DRAFT: ("publish", "publish", "publish", "update", "delete"),
    offer_pb2.OFFER_STATE_PUBLISHED: ("update", "update", "update", "pause", "delete", "delete"),
    offer_pb2.OFFER_STATE_PAUSED: ("publish", "publish", "update", "delete"),
}


@dataclass
class Shelf:
    """What the editors of one region share: ids of records that somebody has begun to create."""

    region: str
    most_offers: int
    partners: list[str] = field(default_factory=list)
    offers: list[str] = field(default_factory=list)

    def place(self, kind: str, record_id: str) -> Place:
        """Say which record that is."""
        return self.region, kind, record_id


class Editor:
    """One person at one console; everything it decides is drawn from `draw`."""

    def __init__(
        self, stub: "DirectoryServiceAsyncStub", history: History, shelf: Shelf, draw: random.Random, tag: str
    ) -> None:
        self._stub = stub
        self._history = history
        self._shelf = shelf
        self._draw = draw
        self._tag = tag

    async def work(self, stop: asyncio.Event) -> None:
        """Write until told to stop; the last write is brought to its end."""
        while not stop.is_set():
            try:
                await self.step()
            except RpcError:  # a reading call: nothing was written, so there is nothing to note
                await asyncio.sleep(0.1)
            await asyncio.sleep(self._draw.uniform(0, 0.05))

    async def step(self) -> Outcome:
        """Do one thing; raises RpcError when what is to be changed cannot be read."""
        shelf, chance = self._shelf, self._draw.random()
        if not shelf.offers or (chance < 0.2 and len(shelf.offers) < shelf.most_offers):
            return await self.create_offer(f"{self._tag}-o{len(shelf.offers) + 1}")
        if chance < 0.3:
            return await self.update_partner(self._draw.choice(shelf.partners))
        return await self._change(self._draw.choice(shelf.offers))

    async def create_partner(self, record_id: str) -> Outcome:
        """Create a partner of that id."""
        parent = f"regions/{self._shelf.region}"

        async def ask(request_id: str, marker: str) -> Any:
            request = partner_requests_pb2.CreatePartnerRequest(
                parent=parent, partner_id=record_id, partner=partner_named(marker), request_id=request_id
            )
            return (await self._stub.CreatePartner(request)).partner

        self._shelf.partners.append(record_id)
        return await self._write(self._shelf.place("partner", record_id), "create", ask)

    async def create_offer(self, record_id: str) -> Outcome:
        """Create an offer of that id, of any partner."""
        shelf = self._shelf
        partner = name_of(shelf.place("partner", self._draw.choice(shelf.partners)))

        async def ask(request_id: str, marker: str) -> Any:
            offer = offer_named(marker, partner)
            request = offer_requests_pb2.CreateOfferRequest(
                parent=f"regions/{shelf.region}", offer_id=record_id, offer=offer, request_id=request_id
            )
            return (await self._stub.CreateOffer(request)).offer

        shelf.offers.append(record_id)
        return await self._write(shelf.place("offer", record_id), "create", ask)

    async def update_partner(self, record_id: str) -> Outcome:
        """Give a partner a new name, which goes into all its offers' entries."""
        place = self._shelf.place("partner", record_id)
        partner, mask = await self.read_partner(record_id), FieldMask(paths=["display_name"])

        async def ask(request_id: str, marker: str) -> Any:
            partner.display_name = partner_name(marker)
            request = partner_requests_pb2.UpdatePartnerRequest(
                partner=partner, update_mask=mask, request_id=request_id
            )
            return (await self._stub.UpdatePartner(request)).partner

        return await self._write(place, "update", ask)

    async def update_offer(self, offer: offer_pb2.Offer, place: Place) -> Outcome:
        """Give an offer a new title, as it was read."""

        async def ask(request_id: str, marker: str) -> Any:
            del offer.texts[:]
            offer.texts.extend(offer_texts(marker))
            request = offer_requests_pb2.UpdateOfferRequest(
                offer=offer, update_mask=FieldMask(paths=["texts"]), request_id=request_id
            )
            return (await self._stub.UpdateOffer(request)).offer

        return await self._write(place, "update", ask)

    async def take_step(self, offer: offer_pb2.Offer, place: Place, action: str) -> Outcome:
        """Publish, pause, delete or undelete an offer as it was read."""
        method = _STEPS[action]
        kind = getattr(offer_requests_pb2, f"{method}Request")

        async def ask(request_id: str, marker: str) -> Any:
            request = kind(name=offer.name, etag=offer.etag, request_id=request_id)
            return (await getattr(self._stub, method)(request)).offer

        return await self._write(place, action, ask)

    async def read_offer(self, place: Place) -> offer_pb2.Offer:
        """Read an offer as it stands, deleted or not."""
        return (await self._stub.GetOffer(offer_requests_pb2.GetOfferRequest(name=name_of(place)))).offer

    async def read_partner(self, record_id: str) -> partner_pb2.Partner:
        """Read a partner as it stands."""
        request = partner_requests_pb2.GetPartnerRequest(name=name_of(self._shelf.place("partner", record_id)))
        return (await self._stub.GetPartner(request)).partner

    async def _change(self, record_id: str) -> Outcome:
        place = self._shelf.place("offer", record_id)
        offer = await self.read_offer(place)
        action = "undelete" if offer.HasField("delete_time") else self._draw.choice(_CHOICES[offer.state])
        if action == "update":
            return await self.update_offer(offer, place)
        return await self.take_step(offer, place, action)

    async def _write(self, place: Place, action: str, ask: Ask) -> Outcome:
        """Ask until the outcome is certain, or until this editor has had enough; both lines go into the history."""
        number = self._history.next_number()
        request_id = str(uuid.UUID(int=self._draw.getrandbits(128), version=4))
        operation = Operation(number, request_id, place, action, f"{self._tag}x{number}")
        gives_up = self._draw.random() < GIVES_UP
        self._history.begin(operation)
        outcome = await self._ask_until_certain(operation, ask, gives_up)
        self._history.end(operation, outcome)
        return outcome

    async def _ask_until_certain(self, operation: Operation, ask: Ask, gives_up: bool) -> Outcome:
        started, tries = time.perf_counter(), 0
        while True:
            tries += 1
            try:
                record = await ask(operation.request_id, operation.marker)
            except RpcError as error:
                spent = time.perf_counter() - started
                if error.code in DEFINITE:
                    return Outcome(Result.REFUSED, 0, error.reason, tries, spent)
                if gives_up or spent > PATIENCE_SECONDS:
                    return Outcome(Result.UNKNOWN, 0, error.reason or error.code.name, tries, spent)
                await asyncio.sleep(0.1)
            else:
                return Outcome(Result.OK, record.revision, "", tries, time.perf_counter() - started)
