"""The index can always be made anew from what was read, and nobody who searches or publishes notices."""

import asyncio
from contextlib import suppress

import pytest

from services.common.errors import ComeBackLater
from services.node.servers.ports import free_port
from services.search.adapters.engine import connect_engine
from services.search.domain.offers import AutomaticTopic, clear_ids
from services.search.ports import IndexMissing, RebuildFailed
from services.search.tagging import TopicTagger
from tests.integration.search.offers import entry, message, tombstone
from tests.integration.search.world import World, assembled, thesaurus, understander

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def _wipe(world: World) -> None:
    for name in await world.client.indices.get(index=f"{world.generations.read_alias}-*"):
        await world.client.indices.delete(index=name)


async def _indexes(world: World) -> list[str]:
    return sorted(await world.client.indices.get(index=f"{world.generations.read_alias}-*"))


async def test_a_rebuilt_index_equals_the_one_before(world: World) -> None:
    await world.apply(*(message(entry(f"o{number}"), number + 1) for number in range(30)))
    await world.apply(*(tombstone(f"o{number}", 100) for number in range(0, 30, 3)))
    before, names = await world.held(), await _indexes(world)
    rebuilt = await world.keeper.rebuild()
    assert await world.held() == before
    assert rebuilt.records == 30
    assert await _indexes(world) == [rebuilt.index] != names


async def test_a_wiped_engine_is_restored_from_what_was_read_and_deleted_offers_stay_gone(world: World) -> None:
    await world.publish("kept", "Werkstatt am Morgen")
    await world.publish("gone", "Werkstatt am Morgen")
    await world.apply(tombstone("gone", 2))
    before = await world.held()
    await _wipe(world)
    with pytest.raises(IndexMissing) as missing:
        await world.search("Werkstatt")
    assert missing.value.reason == "SEARCH_ENGINE_UNAVAILABLE"
    assert await world.keeper.ensure() is not None
    assert await world.held() == before
    assert await world.found("Werkstatt Morgen") == ["kept"]


async def test_a_wiped_engine_is_noticed_and_restored_by_itself(world: World) -> None:
    await world.publish("a", "Werkstatt am Morgen")
    async with world.keeper.running():
        await _wipe(world)
        with pytest.raises(ComeBackLater):
            await world.search("Werkstatt")
        async with asyncio.timeout(30):
            await _until_found_again(world)


async def _until_found_again(world: World) -> None:
    while True:
        with suppress(ComeBackLater):
            if await world.found("Werkstatt Morgen") == ["a"]:
                return
        await asyncio.sleep(0.05)


async def test_a_suitable_index_is_left_as_it_is(world: World) -> None:
    names = await _indexes(world)
    assert await world.keeper.ensure() is None
    assert await _indexes(world) == names


async def test_an_index_of_another_shape_is_replaced(world: World) -> None:
    await world.publish("a", "Werkstatt am Morgen")
    alias = world.generations.read_alias
    await _wipe(world)
    aliases: dict[str, dict[str, str]] = {alias: {}, f"{alias}-write": {}}
    await world.client.indices.create(index=f"{alias}-0123456789abcdef-old", body={"aliases": aliases})
    assert not await world.generations.is_current()
    await world.keeper.ensure()
    assert await world.found("Werkstatt Morgen") == ["a"]
    assert len(await _indexes(world)) == 1


async def test_changes_during_a_rebuild_reach_old_and_new_index(world: World) -> None:
    await world.apply(*(message(entry(f"o{number}", "Werkstatt")) for number in range(40)))
    stop = asyncio.Event()
    revisions: dict[str, int] = {}

    async def edit() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            record_id, revision = f"o{number % 40}", number + 1
            change = tombstone(record_id, revision) if number % 5 == 0 else message(entry(record_id), revision)
            await world.applier.apply([change])
            revisions[record_id] = revision

    async with asyncio.TaskGroup() as group:
        group.create_task(edit())
        for _ in range(3):
            await world.keeper.rebuild()
            assert (await world.search("")).total_size <= 40
        stop.set()
    held = await world.held()
    expected = {f"dresden/{key}": 2**40 + revision for key, revision in revisions.items()}
    assert {key: version for key, (version, _) in held.items() if key in expected} == expected
    stored = {str(one.key): one.deleted async for page in world.store.pages(7) for one in page}
    assert {key: deleted for key, (_, deleted) in held.items()} == stored


async def test_a_batch_whose_commit_falls_between_is_not_missed_by_the_new_index(world: World) -> None:
    """The rebuild begins after the batch was indexed and reads the inbox before the batch is committed."""
    await world.publish("a", "Werkstatt am Morgen")
    begun: list[str] = []
    commit = world.store.commit

    class LateStore:
        versions = staticmethod(world.store.versions)

        @staticmethod
        async def commit(*batch: object) -> None:
            begun.append(await world.generations.begin())
            await commit(*batch)  # type: ignore[arg-type]  # handed on as it came

    world.applier._inbox = LateStore()
    await world.applier.apply([message(entry("late", "Werkstatt am Abend"))])
    await world.client.indices.refresh(index=begun[0])
    assert (await world.client.count(index=begun[0]))["count"] == 1


async def test_a_rebuild_that_lacks_records_is_dropped_and_the_old_index_served(world: World) -> None:
    await world.publish("a", "Werkstatt am Morgen")
    name = await world.generations.begin()
    with pytest.raises(RebuildFailed):
        await world.generations.finish(name, at_least=1)
    assert await world.found("Werkstatt Morgen") == ["a"]
    assert name not in await _indexes(world)


async def test_what_a_killed_rebuild_left_is_cleared_by_the_next(world: World) -> None:
    await world.publish("a", "Werkstatt am Morgen")
    left = await world.generations.begin()
    assert len(await world.generations.write_targets()) == 2
    rebuilt = await world.keeper.rebuild()
    assert left not in await _indexes(world)
    assert await world.generations.write_targets() == [rebuilt.index]


async def test_of_two_rebuilds_at_once_one_wins_and_the_other_says_so(world: World) -> None:
    await world.publish("a", "Werkstatt am Morgen")
    slow = await world.generations.begin()
    await world.keeper.rebuild()
    with pytest.raises((RebuildFailed, IndexMissing)):
        await world.generations.finish(slow, at_least=0)
    assert await world.found("Werkstatt Morgen") == ["a"]


async def test_another_thesaurus_has_topics_found_anew_and_kept(world: World) -> None:
    await world.publish("a", "Anerkennung ausländischer Berufsabschlüsse", topics=["housing"])
    key = next(iter([one async for page in world.store.pages(5) for one in page])).key
    await world.store.remember_topics({key: (AutomaticTopic("wrong", 0.9),)}, "an older thesaurus")
    await world.keeper.rebuild()
    stored = await world.store.find(key)
    assert stored is not None
    tagger = TopicTagger(understander(), thesaurus())
    assert stored.topics_by == tagger.fingerprint
    assert stored.automatic_topics == tagger.topics_of("Anerkennung ausländischer Berufsabschlüsse", "\n")
    assert clear_ids(stored.automatic_topics) == ("recognition",)
    assert (await world.search("")).hits[0].automatic_topics == ["recognition"]


async def test_an_engine_that_is_away_is_said_to_be_and_nothing_is_acknowledged(world: World) -> None:
    async with connect_engine(f"http://127.0.0.1:{free_port()}", 1.0) as nobody:
        gone = assembled(world.database, nobody, "nothing")
        for call in (gone.search("Werkstatt"), gone.applier.apply([message(entry("a"))]), gone.keeper.ensure()):
            with pytest.raises(ComeBackLater) as away:
                await call
            assert away.value.reason == "SEARCH_ENGINE_UNAVAILABLE"
    assert await world.store.count() == 0
