"""The story: an offer changes in one region and is found state-wide, in another language, with the reason why."""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from google.protobuf.field_mask_pb2 import FieldMask

from lotse.directory.v1 import offer_pb2, offer_requests_pb2
from lotse.directory.v1.directory_service_pb2_grpc import DirectoryServiceStub
from lotse.search.v1 import search_pb2, search_service_pb2
from lotse.search.v1.search_service_pb2_grpc import SearchServiceStub
from services.common.messaging.subjects import CATALOG, NODE, catalog_subject, local_subject
from services.common.names import RegionId
from services.common.rpc.client import RpcError
from services.node.cli.offers import summary, title_of
from services.node.demo.cast import STATE
from services.node.demo.narrator import Narrator, StepFailed
from services.node.demo.stage import Actor
from services.node.demo.transport import Stored, stored_at_broker, stored_at_hub
from services.node.importing import PATIENCE, ImportReport, import_directory
from services.node.seed import load_seed, seed_path

if TYPE_CHECKING:  # the asynchronous stubs exist for the type checker only
    from lotse.search.v1.search_service_pb2_grpc import SearchServiceAsyncStub

CAUGHT_UP_SECONDS = 120.0
"""Preparing the stage may take its time on a crowded machine; the steps of the story keep short limits."""
FINDABLE_SECONDS = 30.0
ASK_SECONDS = 10.0
"""A search engine that has just started answers its first question slowly."""
POLL_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody asks the hotline, and in which language."""

    language: str
    text: str
    german: str


OFFER_REGION = RegionId("dresden")
OFFER_ID = "wc-dresden-wohnen-kita-schule"
NEW_TITLE = "Wegweiser Wohnung, Kita und Schule in Dresden – jetzt mit Kita-Sprechstunde"
QUESTIONS = (
    Question(
        "uk", "Шукаю дитячий садок для доньки в Дрездені", "Ich suche einen Kindergarten für meine Tochter in Dresden"
    ),
    Question("ar", "أبحث عن روضة أطفال لابني في دريسدن", "Ich suche einen Kindergarten für meinen Sohn in Dresden"),
    Question("vi", "Tôi tìm nhà trẻ cho con ở Dresden", "Ich suche eine Krippe für mein Kind in Dresden"),
)


class Story:
    """Plays all chapters on running nodes; raises StepFailed at the first step that does not come true."""

    def __init__(self, narrator: Narrator, actors: Mapping[RegionId, Actor]) -> None:
        self._narrator = narrator
        self._actors = actors
        self._hotline = actors[STATE].target("search", "hotline")
        self._centre = actors[OFFER_REGION].target("directory", "editor")
        self._name = f"regions/{OFFER_REGION}/offers/{OFFER_ID}"

    async def play(self) -> None:
        """Tell the story from the first import to an offer that pauses and comes back."""
        self._narrator.chapter("Every region keeps its own offers")
        offers = await self._import_all()
        await self._catch_up(offers)
        self._narrator.chapter("Welcome Center Dresden changes an offer in its own directory")
        await self._change()
        self._narrator.chapter("The hotline asks all of Saxony")
        for question in QUESTIONS:
            await self._ask(question)
        self._narrator.chapter("The offer pauses, and comes back")
        await self._pause_and_return()

    async def _import_all(self) -> int:
        """Import side by side; a failure of one is told after all have ended, not while the others still call."""
        imports = (self._import(region, actor) for region, actor in self._actors.items())
        reports = await asyncio.gather(*imports, return_exceptions=True)
        for report in reports:
            if isinstance(report, BaseException):
                raise report
        return sum(report.published for report in reports if isinstance(report, ImportReport))

    async def _import(self, region: RegionId, actor: Actor) -> ImportReport:
        with self._narrator.step(f"{region}: partners, sites and offers from {region}.yaml"):
            seed = load_seed(seed_path(region), region)
            async with actor.target("directory", "editor").channel(PATIENCE) as channel:
                report = await import_directory(DirectoryServiceStub(channel), region, seed, publish=True)
            if report.refused:
                raise StepFailed("; ".join(report.refused[:3]))
        self._narrator.detail(f"{region}: {summary(report)}")
        return report

    async def _catch_up(self, offers: int) -> None:
        with self._narrator.step(f"the hotline's search holds all {offers} offers, each region fresh"):
            async with self._hotline.channel() as channel:
                stub = SearchServiceStub(channel)
                deadline = time.perf_counter() + CAUGHT_UP_SECONDS
                while missing := await _missing(stub, offers):
                    if time.perf_counter() > deadline:
                        raise StepFailed(missing)
                    await asyncio.sleep(POLL_SECONDS)

    async def _change(self) -> None:
        async with self._centre.channel() as channel:
            stub = DirectoryServiceStub(channel)
            offer = (await stub.GetOffer(offer_requests_pb2.GetOfferRequest(name=self._name))).offer
            self._narrator.detail(f"before: {title_of(offer)}")
            german = next(text for text in offer.texts if text.language_code == "de")
            german.title = NEW_TITLE
            started = time.perf_counter()
            with self._narrator.step("saved: offer, revision and outbox rows in one transaction"):
                change = offer_requests_pb2.UpdateOfferRequest(offer=offer, update_mask=FieldMask(paths=["texts"]))
                changed = (await stub.UpdateOffer(change)).offer
        await self._follow(started, changed)

    async def _follow(self, started: float, offer: offer_pb2.Offer) -> None:
        """Follow the change over both NATS servers into the index."""
        moment = offer.update_time.ToMicroseconds() / 1e6
        region = self._actors[OFFER_REGION]
        self._narrator.detail(f"now: {title_of(offer)} (revision {offer.revision})")
        broker = await stored_at_broker(region.layout, NODE, local_subject("directory", "offer", OFFER_ID), moment)
        self._carried("Dresden's own NATS", broker, moment)
        state = self._actors[STATE]
        hub = await stored_at_hub(state.layout, CATALOG, catalog_subject(OFFER_REGION, "offer", OFFER_ID), moment)
        self._carried("the hub's NATS", hub, moment)
        with self._narrator.step("findable at the hotline"):
            await self._until_title(NEW_TITLE)
        self._narrator.detail(f"[bold]from save to findable: {(time.perf_counter() - started) * 1000:.0f} ms[/bold]")

    def _carried(self, server: str, stored: Stored, moment: float) -> None:
        self._narrator.console.print(
            f"  [green]✔[/green] {server} has it: {stored.subject}, message {stored.seq} of {stored.stream} "
            f"[dim]{(stored.time - moment) * 1000:.0f} ms after the save[/dim]",
            highlight=False,
        )

    async def _until_title(self, title: str) -> None:
        await self._until(title, lambda hits: any(title_of(hit.entry.offer) == title for hit in hits))

    async def _ask(self, question: Question) -> None:
        request = search_service_pb2.SearchOffersRequest(
            text=question.text, language_code=question.language, page_size=3
        )
        with self._narrator.step(f"{question.language}: {question.text}"):
            async with self._hotline.channel() as channel:
                stub = SearchServiceStub(channel)
                found = await stub.SearchOffers(request, timeout=ASK_SECONDS)
            places = [hit.name for hit in found.hits]
            if self._name not in places:
                raise StepFailed(f"expected {self._name} among the first three, found {places}")
        self._narrator.detail(f'[dim]that is: "{question.german}"[/dim]')
        hit = found.hits[places.index(self._name)]
        reasons = "; ".join(why.text for why in hit.why)
        self._narrator.detail(f"{places.index(self._name) + 1}. [bold]{title_of(hit.entry.offer)}[/bold]")
        self._narrator.detail(f"   [green]why:[/green] {reasons}")

    async def _pause_and_return(self) -> None:
        async with self._centre.channel() as channel:
            stub = DirectoryServiceStub(channel)
            etag = (await stub.GetOffer(offer_requests_pb2.GetOfferRequest(name=self._name))).offer.etag
            with self._narrator.step("paused: gone from the search"):
                pause = offer_requests_pb2.PauseOfferRequest(name=self._name, etag=etag)
                etag = (await stub.PauseOffer(pause)).offer.etag
                await self._until_found(found=False)
            with self._narrator.step("published again: back in the search"):
                publish = offer_requests_pb2.PublishOfferRequest(name=self._name, etag=etag)
                await stub.PublishOffer(publish)
                await self._until_found(found=True)

    async def _until_found(self, *, found: bool) -> None:
        await self._until(NEW_TITLE, lambda hits: any(hit.name == self._name for hit in hits) == found)

    async def _until(self, text: str, seen: Callable[[Iterable[search_pb2.OfferHit]], bool]) -> None:
        """Ask again and again until the hits are as wanted; an answer that came too late is asked for again."""
        deadline = time.perf_counter() + FINDABLE_SECONDS
        request = search_service_pb2.SearchOffersRequest(text=text, page_size=5)
        async with self._hotline.channel() as channel:
            stub = SearchServiceStub(channel)
            while time.perf_counter() < deadline:
                try:
                    hits = (await stub.SearchOffers(request, timeout=ASK_SECONDS)).hits
                except RpcError as error:
                    self._narrator.detail(f"the search was slow to answer: {error.reason}")
                    continue
                if seen(hits):
                    return
                await asyncio.sleep(POLL_SECONDS)
        raise StepFailed(f"not so within {FINDABLE_SECONDS:.0f} s")


async def _missing(stub: "SearchServiceAsyncStub", offers: int) -> str:
    """Say what the search still lacks; empty when nothing."""
    try:
        coverage = (await stub.GetCoverage(search_service_pb2.GetCoverageRequest())).regions
        found = await stub.SearchOffers(search_service_pb2.SearchOffersRequest(page_size=1))
    except RpcError as error:
        return f"{error.reason}: {error.message}"
    held = sum(region.offers for region in coverage)
    behind = [region.region for region in coverage if region.state != search_pb2.COVERAGE_STATE_FRESH]
    if held < offers or behind:
        return f"{held} of {offers} offers, not fresh: {', '.join(behind) or 'none'}"
    return "" if found.total_size > 0 else "the index shows nothing yet"
