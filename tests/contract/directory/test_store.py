"""What every directory store promises: records, lists, history, publication, answers, all or nothing."""

import asyncio
import random
from dataclasses import replace
from datetime import date, timedelta

import pytest

from lotse.directory.v1.directory_events_pb2 import OfferEntry, PartnerEntry
from services.common.errors import ChooseAnother, CorrectTheRequest
from services.directory.domain.enums import OfferKind, OfferState, PartnerKind
from services.directory.domain.listing import Order, Position, Query, passes, position_of
from services.directory.domain.offer import Offer
from services.directory.domain.records import Partner, Site
from services.directory.domain.values import LocalizedText
from services.directory.ports import Asked
from tests.contract.directory.bench import EPOCH, Bench
from tests.contract.directory.records import ALTMARKT, MOMENT, ZENTRUM, a_partner, a_revision, a_site, an_offer, at

pytestmark = pytest.mark.asyncio(loop_scope="session")

ASKED = Asked("dresden/editor/console", "3f0c2c7e-6f5c-4f0e-9a53-0d9cf1f6a111", "/s/CreateOffer", b"h" * 32)


async def test_a_record_comes_back_as_it_was_put(bench: Bench) -> None:
    records = [a_partner(), a_site(), an_offer()]
    async with bench.store.transaction() as store:
        for record in records:
            await store.put(record)
    async with bench.store.reading() as reading:
        assert [await reading.find(type(record), record.id) for record in records] == records
        assert await reading.find(Offer, "missing") is None


async def test_a_changed_record_replaces_the_old_one_in_every_list(bench: Bench) -> None:
    async with bench.store.transaction() as store:
        await store.put(an_offer(topics=("recognition", "language")))
    async with bench.store.transaction() as store:
        await store.put(an_offer(topics=("language",), sites=()))
    async with bench.store.reading() as reading:
        assert await reading.page(Offer, Query(topic="recognition")) == []
        assert len(await reading.page(Offer, Query(topic="language"))) == 1
        assert await reading.live(Offer, site=ALTMARKT) == []


async def test_an_error_leaves_nothing_behind(bench: Bench) -> None:
    async def break_off() -> None:
        async with bench.store.transaction() as store:
            await store.put(an_offer())
            await store.publish_offer(an_offer(), a_partner(), [a_site()], MOMENT)
            raise KeyError

    with pytest.raises(KeyError):
        await break_off()
    async with bench.store.reading() as reading:
        assert await reading.find(Offer, "erstberatung") is None
    assert await bench.sent() == []


async def test_a_discarded_transaction_sees_its_own_work_and_leaves_nothing(bench: Bench) -> None:
    async with bench.store.transaction(discard=True) as store:
        await store.put(an_offer())
        await store.keep_answer(ASKED, b"answer", MOMENT)
        await store.publish_partner(a_partner(), [], MOMENT)
        assert await store.find(Offer, "erstberatung") == an_offer()
    async with bench.store.transaction() as store:
        assert await store.find(Offer, "erstberatung") is None
        assert await store.answer_to(ASKED) is None
    assert await bench.sent() == []


async def test_two_writers_never_work_at_the_same_time(bench: Bench) -> None:
    async with bench.store.transaction() as store:
        await store.put(an_offer(revision=0))

    async def count_up() -> None:
        async with bench.store.transaction() as store:
            current = await store.find(Offer, "erstberatung")
            assert current is not None
            await asyncio.sleep(0)
            await store.put(replace(current, revision=current.revision + 1))

    await asyncio.gather(*(count_up() for _ in range(8)))
    async with bench.store.reading() as reading:
        found = await reading.find(Offer, "erstberatung")
    assert found is not None
    assert found.revision == 8


async def test_live_links_leave_out_what_is_deleted(bench: Bench) -> None:
    async with bench.store.transaction() as store:
        await store.put(a_partner("branch", parent=ZENTRUM))
        await store.put(a_partner("gone", parent=ZENTRUM, delete_time=MOMENT, purge_time=MOMENT))
        await store.put(a_site())
        await store.put(an_offer("b"))
        await store.put(an_offer("a"))
        await store.put(an_offer("elsewhere", partner="regions/dresden/partners/other", sites=()))
        await store.put(an_offer("gone", delete_time=MOMENT, purge_time=MOMENT))
    async with bench.store.reading() as reading:
        assert [one.id for one in await reading.live(Partner, parent=ZENTRUM)] == ["branch"]
        assert [one.id for one in await reading.live(Site, partner=ZENTRUM)] == ["altmarkt"]
        assert [one.id for one in await reading.live(Offer, partner=ZENTRUM)] == ["a", "b"]
        assert [one.id for one in await reading.live(Offer, site=ALTMARKT)] == ["a", "b"]


def _varied_offers() -> list[Offer]:
    chance = random.Random(7)
    titles = ["Ärztliche Anerkennung", "arbeit", "Zeugnis", "Ausbildung", "über Grenzen", "Übersetzung", "arbeit"]
    return [
        an_offer(
            f"o{number:02}",
            created=chance.randrange(8),
            title=chance.choice(titles),
            update_time=at(chance.randrange(100)),
            kind=chance.choice([OfferKind.COUNSELLING, OfferKind.TRAINING]),
            state=chance.choice([OfferState.DRAFT, OfferState.PUBLISHED, OfferState.PAUSED, OfferState.ENDED]),
            partner=chance.choice([ZENTRUM, "regions/dresden/partners/other"]),
            topics=tuple(chance.sample(["recognition", "language", "housing"], chance.randrange(3))),
            review_due_date=chance.choice([None, date(2026, 11, 1), date(2026, 12, 1)]),
            delete_time=chance.choice([None, None, MOMENT]),
        )
        for number in range(40)
    ]


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("order", list(Order))
async def test_pages_hold_every_record_once_and_in_order(bench: Bench, order: Order, descending: bool) -> None:
    offers = _varied_offers()
    async with bench.store.transaction() as store:
        for offer in offers:
            await store.put(offer)
    expected = sorted(
        (offer for offer in offers if offer.delete_time is None),
        key=lambda offer: (position_of(offer, order).value, offer.id),
        reverse=descending,
    )
    seen: list[Offer] = []
    after: Position | None = None
    async with bench.store.reading() as reading:
        while page := await reading.page(Offer, Query(order=order, descending=descending, size=7, after=after)):
            seen += page
            after = position_of(page[-1], order)
    assert [offer.id for offer in seen] == [offer.id for offer in expected]


@pytest.mark.parametrize(
    "query",
    [
        Query(kind="training"),
        Query(partner=ZENTRUM),
        Query(topic="language"),
        Query(states=frozenset({OfferState.DRAFT, OfferState.ENDED})),
        Query(review_due_by=date(2026, 11, 22)),
        Query(review_due_by=date(2026, 11, 22), show_deleted=True),
        Query(show_deleted=True),
        Query(topic="recognition", partner=ZENTRUM, states=frozenset({OfferState.PUBLISHED, OfferState.DRAFT})),
    ],
)
async def test_a_filter_means_what_the_domain_says(bench: Bench, query: Query) -> None:
    offers = _varied_offers()
    async with bench.store.transaction() as store:
        for offer in offers:
            await store.put(offer)
    async with bench.store.reading() as reading:
        found = {offer.id for offer in await reading.page(Offer, query)}
    assert found == {offer.id for offer in offers if passes(offer, query)}
    assert found


async def test_partners_and_sites_are_filtered_by_their_own_fields(bench: Bench) -> None:
    async with bench.store.transaction() as store:
        await store.put(a_partner("chamber", kind=PartnerKind.CHAMBER))
        await store.put(a_partner())
        await store.put(a_site(district_code="14612"))
        await store.put(a_site("leipzig", district_code="14713", partner="regions/dresden/partners/other"))
    async with bench.store.reading() as reading:
        assert [one.id for one in await reading.page(Partner, Query(kind="chamber"))] == ["chamber"]
        assert [one.id for one in await reading.page(Site, Query(district_code="14713"))] == ["leipzig"]
        assert [one.id for one in await reading.page(Site, Query(partner=ZENTRUM))] == ["altmarkt"]


async def test_history_is_newest_first_and_can_be_paged(bench: Bench) -> None:
    changes = [a_revision(an_offer(revision=number), number) for number in range(1, 6)]
    async with bench.store.transaction() as store:
        for change in changes:
            await store.note(Offer, "erstberatung", change)
        await store.note(Partner, "erstberatung", a_revision(a_partner(), 1))
    async with bench.store.reading() as reading:
        assert await reading.revisions(Offer, "erstberatung", before=None, size=3) == changes[:1:-1]
        assert await reading.revisions(Offer, "erstberatung", before=3, size=3) == changes[1::-1]
        assert await reading.revisions(Offer, "missing", before=None, size=3) == []


async def test_each_sending_counts_the_records_version_up(bench: Bench) -> None:
    async with bench.store.transaction() as store:
        await store.publish_offer(an_offer(), a_partner(), [a_site()], MOMENT)
        await store.publish_partner(a_partner(), [a_site()], MOMENT)
    async with bench.store.transaction() as store:
        await store.publish_offer(an_offer(title="Neu"), a_partner(), [a_site()], MOMENT)
        await store.withdraw(Offer, "erstberatung", MOMENT)
    rows = await bench.sent()
    assert [(row.kind, row.record_id, row.epoch, row.revision, row.deleted) for row in rows] == [
        ("offer", "erstberatung", EPOCH, 1, False),
        ("partner", "zentrum", EPOCH, 1, False),
        ("offer", "erstberatung", EPOCH, 2, False),
        ("offer", "erstberatung", EPOCH, 3, True),
    ]
    assert OfferEntry.FromString(rows[2].body).offer.texts[0].title == "Neu"
    assert [site.name for site in PartnerEntry.FromString(rows[1].body).sites] == [ALTMARKT]
    assert rows[3].body == b""


async def test_what_was_never_sent_is_not_withdrawn_and_nothing_is_withdrawn_twice(bench: Bench) -> None:
    async with bench.store.transaction() as store:
        await store.withdraw(Offer, "erstberatung", MOMENT)
        await store.publish_partner(a_partner(), [], MOMENT)
        await store.withdraw(Partner, "zentrum", MOMENT)
        await store.withdraw(Partner, "zentrum", MOMENT)
    assert [(row.kind, row.deleted) for row in await bench.sent()] == [("partner", False), ("partner", True)]


async def test_an_entry_too_large_for_a_message_is_refused(bench: Bench) -> None:
    text = LocalizedText(language_code="de", title="Lang", description="x" * 230_000)
    with pytest.raises(CorrectTheRequest, match="ENTRY_TOO_LARGE"):
        async with bench.store.transaction() as store:
            await store.publish_offer(an_offer(texts=(text,)), a_partner(), [], MOMENT)
    assert await bench.sent() == []


async def test_an_answer_is_kept_for_repeats_and_for_nothing_else(bench: Bench) -> None:
    async with bench.store.transaction() as store:
        assert await store.answer_to(ASKED) is None
        await store.keep_answer(ASKED, b"answer", MOMENT)
    async with bench.store.transaction() as store:
        assert await store.answer_to(ASKED) == b"answer"
        assert await store.answer_to(replace(ASKED, caller="dresden/editor/other")) is None
    for other in (replace(ASKED, content_hash=b"i" * 32), replace(ASKED, method="/s/UpdateOffer")):
        with pytest.raises(ChooseAnother, match="REQUEST_ID_REUSED"):
            async with bench.store.transaction() as store:
                await store.answer_to(other)


async def test_purging_removes_what_is_due_with_its_history_and_counts_versions_on(bench: Bench) -> None:
    gone = an_offer(delete_time=MOMENT, purge_time=MOMENT + timedelta(days=30))
    async with bench.store.transaction() as store:
        for record in (gone, an_offer("stays"), an_offer("later", delete_time=MOMENT, purge_time=at(10**14))):
            await store.put(record)
            await store.note(Offer, record.id, a_revision(record, 1))
        await store.publish_offer(gone, a_partner(), [], MOMENT)
        await store.withdraw(Offer, gone.id, MOMENT)
        await store.keep_answer(ASKED, b"answer", MOMENT)
    moment = MOMENT + timedelta(days=30)
    async with bench.store.transaction() as store:
        assert await store.purge(moment - timedelta(seconds=1), MOMENT) == 0
        assert await store.answer_to(ASKED) == b"answer"
        assert await store.purge(moment, moment) == 1
    async with bench.store.transaction() as store:
        assert await store.find(Offer, gone.id) is None
        assert await store.revisions(Offer, gone.id, before=None, size=9) == []
        assert {one.id for one in await store.page(Offer, Query(show_deleted=True))} == {"stays", "later"}
        assert await store.answer_to(ASKED) is None
        await store.publish_offer(gone, a_partner(), [], moment)
    assert [row.revision for row in await bench.sent()] == [1, 2, 3]
