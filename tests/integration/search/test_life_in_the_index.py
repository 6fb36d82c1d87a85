"""What is published is found, what is changed is found changed, what is gone stays gone."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lotse.directory.v1.directory_events_pb2 import OfferEntry
from lotse.search.v1 import search_service_pb2
from services.common.errors import CheckTheName
from services.common.messaging.received import Received
from tests.integration.search.offers import entry, message, partner_message, raw_message, tombstone
from tests.integration.search.world import World

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_published_offer_is_found(world: World) -> None:
    await world.publish("kurs", "Deutschkurs für Pflegekräfte")
    found = await world.search("Deutschkurs Pflegekräfte")
    assert [hit.name for hit in found.hits] == ["regions/dresden/offers/kurs"]
    assert found.hits[0].entry.offer.texts[0].title == "Deutschkurs für Pflegekräfte"
    assert found.total_size == 1


async def test_a_changed_offer_is_found_as_it_is_now(world: World) -> None:
    await world.publish("a", "Sprachcafé am Abend")
    await world.publish("a", "Werkstatt am Morgen", revision=2)
    assert await world.found("Sprachcafé Abend") == []
    assert await world.found("Werkstatt Morgen") == ["a"]


async def test_an_old_change_that_comes_late_changes_nothing(world: World) -> None:
    await world.publish("a", "Werkstatt am Morgen", revision=5)
    await world.apply(message(entry("a", "Sprachcafé am Abend"), revision=4))
    assert await world.found("Werkstatt Morgen") == ["a"]


async def test_a_higher_epoch_wins_over_any_revision(world: World) -> None:
    await world.publish("a", "Werkstatt am Morgen", revision=900)
    await world.apply(message(entry("a", "Sprachcafé am Abend"), revision=1, epoch=2))
    assert await world.found("Sprachcafé Abend") == ["a"]


async def test_a_deleted_offer_is_gone_and_no_late_change_brings_it_back(world: World) -> None:
    await world.publish("a", "Werkstatt am Morgen", revision=1)
    await world.apply(tombstone("a", revision=7))
    late = message(entry("a", "Werkstatt am Morgen"), revision=6, deliveries=2)
    await world.apply(late)
    assert await world.found("Werkstatt Morgen") == []
    assert await world.found("") == []
    with pytest.raises(CheckTheName):
        await world.servicer.GetOffer(search_service_pb2.GetOfferRequest(name="regions/dresden/offers/a"), None)


async def test_the_engine_itself_refuses_an_old_change_after_it_was_closed_and_opened(world: World) -> None:
    await world.publish("a", "Werkstatt am Morgen", revision=1)
    await world.apply(tombstone("a", revision=7))
    index = next(iter(await world.generations.write_targets()))
    await world.client.indices.close(index=index)
    await world.client.indices.open(index=index)
    await world.client.cluster.health(index=index, wait_for_status="yellow")
    # Past the inbox, straight to the index: its own tombstone must hold.
    prepared, _ = world.applier._prepare([message(entry("a", "Werkstatt am Morgen"), revision=6)])
    assert prepared[0].change is not None
    await world.index.write([prepared[0].change])
    await world.refresh()
    assert await world.found("Werkstatt Morgen") == []


async def test_an_old_change_stays_refused_after_a_rebuild(world: World) -> None:
    await world.publish("a", "Werkstatt am Morgen", revision=1)
    await world.apply(tombstone("a", revision=7))
    await world.keeper.rebuild()
    prepared, _ = world.applier._prepare([message(entry("a", "Werkstatt am Morgen"), revision=6)])
    assert prepared[0].change is not None
    await world.index.write([prepared[0].change])
    await world.refresh()
    assert await world.found("Werkstatt Morgen") == []


@pytest.mark.parametrize("state", ["OFFER_STATE_PAUSED", "OFFER_STATE_ENDED", "OFFER_STATE_DRAFT"])
async def test_only_published_offers_are_found_but_others_can_be_read(world: World, state: str) -> None:
    await world.publish("a", "Werkstatt am Morgen", state=state)
    assert await world.found("Werkstatt Morgen") == []
    request = search_service_pb2.GetOfferRequest(name="regions/dresden/offers/a")
    read = await world.servicer.GetOffer(request, None)
    assert read.entry.offer.texts[0].title == "Werkstatt am Morgen"
    assert read.read_time.ToDatetime() == world.clock.now.replace(tzinfo=None)


async def test_offers_are_found_from_their_first_to_their_last_day_only(world: World) -> None:
    await world.publish("past", valid_until={"year": 2026, "month": 11, "day": 1})
    await world.publish("last-day", valid_until={"year": 2026, "month": 11, "day": 2})
    await world.publish("first-day", valid_from={"year": 2026, "month": 11, "day": 2})
    await world.publish("future", valid_from={"year": 2026, "month": 11, "day": 3})
    assert sorted(await world.found("")) == ["first-day", "last-day"]


async def test_offers_of_a_region_that_left_are_gone_at_once(world: World) -> None:
    await world.publish("a", region="leipzig")
    world.regions.left.add("leipzig")
    assert await world.found("") == []
    with pytest.raises(CheckTheName):
        await world.servicer.GetOffer(search_service_pb2.GetOfferRequest(name="regions/leipzig/offers/a"), None)


async def test_a_body_that_is_no_entry_is_set_aside_and_stops_nobody(world: World) -> None:
    good = message(entry("good", "Werkstatt am Morgen"))
    foreign = entry("other")
    unfit = await world.apply(
        raw_message("dresden", "offer", "broken", b"\xff\xff", 1),
        raw_message("dresden", "offer", "moved", foreign.SerializeToString(), 1),
        raw_message("leipzig", "offer", "other", foreign.SerializeToString(), 1),
        raw_message("dresden", "offer", "no-day", _with_day(31, 2).SerializeToString(), 1),
        partner_message("p", named="q"),
        good,
    )
    assert {(one.subject.rsplit(".", 1)[1], one.reason) for one in unfit} == {
        ("broken", "BODY_INVALID"),
        ("moved", "BODY_INVALID"),
        ("other", "BODY_INVALID"),
        ("no-day", "BODY_INVALID"),
        ("p", "BODY_INVALID"),
    }
    assert await world.found("") == ["good"]


def _with_day(day: int, month: int) -> OfferEntry:
    return entry("no-day", valid_until={"year": 2026, "month": month, "day": day})


async def test_an_unknown_kind_is_set_aside(world: World) -> None:
    (unfit,) = await world.apply(raw_message("dresden", "timetable", "t", b"", 1))
    assert (unfit.reason, unfit.stream, unfit.data) == ("KIND_UNKNOWN", "CATALOG", b"signed")


async def test_a_document_the_engine_refuses_is_set_aside_and_keeps_its_old_version(world: World) -> None:
    await world.publish("a", "Werkstatt am Morgen")
    nowhere = entry("a", "Werkstatt am Abend")
    nowhere.sites[0].location.latitude = 951.0
    unfit = await world.apply(raw_message("dresden", "offer", "a", nowhere.SerializeToString(), 2))
    assert [one.reason for one in unfit] == ["NOT_INDEXABLE"]
    assert await world.found("Werkstatt Morgen") == ["a"]


async def test_partners_are_only_remembered_by_their_version(world: World) -> None:
    assert await world.apply(partner_message("kammer", 3)) == []
    known = await world.store.versions([("dresden", "partner", "kammer")])
    assert known == {("dresden", "partner", "kammer"): (1, 3)}
    assert await world.held() == {}


async def test_topics_found_by_machine_are_shown_apart_from_the_publishers(world: World) -> None:
    await world.publish("a", "Anerkennung ausländischer Berufsabschlüsse", topics=["housing"])
    (hit,) = (await world.search("")).hits
    assert hit.automatic_topics == ["recognition"]
    assert list(hit.entry.offer.topics) == ["housing"]


_steps = st.lists(st.tuples(st.sampled_from(["a", "b"]), st.integers(1, 4), st.integers(1, 2)), min_size=1, max_size=12)


def _message(record_id: str, revision: int, epoch: int) -> Received:
    """What a version says follows from its number: owners never send two contents under one."""
    return tombstone(record_id, revision, epoch=epoch) if revision % 3 == 0 else _live(record_id, revision, epoch)


def _live(record_id: str, revision: int, epoch: int) -> Received:
    return message(entry(record_id, f"Stand {epoch} {revision}"), revision, epoch=epoch)


Drawn = tuple[list[tuple[str, int, int]], list[int]]


def _drawing(drawn: list[Drawn]) -> None:
    """Let hypothesis draw runs of messages; they are played afterwards, in the session's event loop."""

    @settings(max_examples=12, database=None, deadline=None)
    @given(_steps, st.lists(st.integers(1, 4), min_size=1, max_size=4))
    def note(steps: list[tuple[str, int, int]], cuts: list[int]) -> None:
        drawn.append((steps, cuts))

    note()


async def test_any_order_and_repetition_of_messages_gives_the_same_index(world: World) -> None:
    drawn: list[Drawn] = []
    _drawing(drawn)
    for round_number, (steps, cuts) in enumerate(drawn):
        renamed = [(f"{name}{round_number}", revision, epoch) for name, revision, epoch in steps]
        messages = [_message(*step) for step in renamed]
        while messages:
            size = cuts[len(messages) % len(cuts)]
            await world.apply(*messages[:size])
            messages = messages[size:]
        held = await world.held()
        for name in {name for name, *_ in renamed}:
            epoch, revision = max((epoch, revision) for other, revision, epoch in renamed if other == name)
            assert held[f"dresden/{name}"] == (epoch * 2**40 + revision, revision % 3 == 0)
