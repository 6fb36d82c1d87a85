"""What the hub's template allows whom: every user against every act, and the ways around it."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import nats.errors
import nats.js.errors
import pytest
import pytest_asyncio
from nats.aio.msg import Msg

from services.common.messaging.connection import NatsConnection, NatsSettings, connect_nats
from services.node.servers.nats import NatsProcess
from tests.integration.common.messaging.lab import DRESDEN, LEIPZIG, Lab, count_messages, settled, until

pytestmark = pytest.mark.asyncio(loop_scope="session")

OWN = {"dresden": DRESDEN, "leipzig": LEIPZIG}


@dataclass(frozen=True)
class Act:
    """Publishing to a subject, with who may do it."""

    subject: str
    allowed: frozenset[str]


NOBODYS = (
    "fed.cat.root.region.dresden",
    "fed.cat.hub.offer.x",
    "fed.cat.search.offer.x",
    "fed.to.dresden.root.ref.1.0",
    "$JS.API.INFO",
    "$JS.API.STREAM.LIST",
    "$JS.API.STREAM.NAMES",
    "$JS.API.STREAM.CREATE.EVIL",
    "$JS.API.STREAM.UPDATE.CATALOG",
    "$JS.API.STREAM.DELETE.CATALOG",
    "$JS.API.STREAM.PURGE.CATALOG",
    "$JS.API.STREAM.INFO.CATALOG",
    "$JS.API.STREAM.MSG.GET.CATALOG",
    "$JS.API.STREAM.MSG.DELETE.CATALOG",
    "$JS.API.STREAM.SNAPSHOT.CATALOG",
    "$JS.API.DIRECT.GET.CATALOG",
    "$JS.API.DIRECT.GET.MAIL.fed.to.dresden.leipzig.ref.1.0",
    "$JS.API.CONSUMER.LIST.CATALOG",
    "$SYS.REQ.SERVER.PING",
    "_INBOX.spoof",
    "node.directory.offer.x",
)
"""Subjects that no region and no search may use."""


def acts() -> list[Act]:
    """List every kind of subject for both regions, with the users to whom the template gives it."""
    found: list[Act] = []

    def act(subject: str, *allowed: str) -> None:
        found.append(Act(subject, frozenset(allowed)))

    for region in ("dresden", "leipzig"):
        act(f"fed.cat.{region}.offer.x1", region)
        act(f"fed.cat.{region}.node.head", region)
        act(f"fed.to.dresden.{region}.ref.case.0", region)
        act(f"fed.to.leipzig.{region}.rcpt.case.0", region)
        act(f"fed.to.hub.{region}.ask.00", region)
        act(f"$JS.API.CONSUMER.MSG.NEXT.CATALOG.{region}", region)
        act(f"$JS.API.CONSUMER.MSG.NEXT.MAIL.{region}", region)
        act(f"$JS.API.CONSUMER.RESET.CATALOG.{region}", region)
        act(f"$JS.API.DIRECT.GET.CATALOG.fed.cat.{region}.node.head", region)
        act(f"$JS.ACK.CATALOG.{region}.1.1.1.1.0", region)
        act(f"$JS.ACK.MAIL.{region}.1.1.1.1.0", region)
        act(f"fed.to.{region}.hub.ask.00", "search")
        act(f"$JS.API.CONSUMER.DELETE.CATALOG.{region}")
        act(f"$JS.API.CONSUMER.DURABLE.CREATE.CATALOG.{region}")
        act(f"$JS.API.CONSUMER.CREATE.CATALOG.{region}-2")
        act(f"$JS.API.CONSUMER.INFO.CATALOG.{region}")
        act(f"$JS.API.CONSUMER.PAUSE.CATALOG.{region}")
        act(f"$JS.API.CONSUMER.RESET.MAIL.{region}")
        act(f"_INBOX_{region}.spoof")
    act("$JS.API.CONSUMER.MSG.NEXT.CATALOG.search", "search")
    act("$JS.API.CONSUMER.MSG.NEXT.MAIL.hub", "search")
    act("$JS.API.CONSUMER.RESET.CATALOG.search", "search")
    act("$JS.ACK.CATALOG.search.1.1.1.1.0", "search")
    act("$JS.ACK.MAIL.hub.1.1.1.1.0", "search")
    for subject in NOBODYS:
        act(subject)
    return found


USERS = ("dresden", "leipzig", "search")


@dataclass
class Edge:
    """The connections of all users."""

    users: dict[str, NatsConnection]
    admin: NatsConnection

    async def refused(self, user: str, subject: str, payload: bytes = b"", reply: str = "") -> bool:
        """Publish and say whether the server refused it."""
        connection = self.users[user]
        before = connection.violations
        await connection.client.publish(subject, payload, reply=reply)
        await settled(connection)
        return connection.violations > before


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def edge(shared_lab: Lab) -> AsyncIterator[Edge]:
    async with (
        shared_lab.connected("dresden") as dresden,
        shared_lab.connected("leipzig") as leipzig,
        shared_lab.connected("search") as search,
        shared_lab.connected("admin") as admin,
    ):
        yield Edge({"dresden": dresden, "leipzig": leipzig, "search": search}, admin)


async def test_each_user_may_publish_what_the_template_says_and_nothing_else(edge: Edge) -> None:
    cells = [(user, act) for act in acts() for user in USERS]
    wrong = [
        (user, act.subject, user in act.allowed)
        for user, act in cells
        if await edge.refused(user, act.subject) is (user in act.allowed)
    ]
    assert wrong == []
    assert len(cells) >= 180


@pytest.mark.parametrize(
    "subject",
    [
        ">",
        "fed.>",
        "fed.cat.>",
        "fed.cat.leipzig.>",
        "fed.to.dresden.>",
        "fed.to.*.*.ref.>",
        "*.cat.>",
        "$JS.>",
        "$JS.ACK.>",
        "$JS.EVENT.>",
        "$SYS.>",
        "_INBOX.>",
        "_INBOX_leipzig.>",
        "*.x",
        "$KV.>",
    ],
)
async def test_a_region_can_listen_to_nothing_but_its_own_inbox(edge: Edge, subject: str) -> None:
    region = edge.users["dresden"]
    before = region.violations
    async with tapping(region, subject) as heard:
        assert region.violations > before
        await edge.users["leipzig"].client.publish("fed.cat.leipzig.offer.x", b"x")
        await edge.admin.client.publish("fed.to.dresden.leipzig.ref.1.0", b"x")
        await settled(edge.users["leipzig"])
        await settled(edge.admin)
        await settled(region)
        assert heard == []


@asynccontextmanager
async def tapping(connection: NatsConnection, subject: str) -> AsyncIterator[list[bytes]]:
    """Listen on a subject and give what was heard."""
    heard: list[bytes] = []

    async def note(message: Msg) -> None:
        heard.append(message.data)

    subscription = await connection.client.subscribe(subject, cb=note)
    await settled(connection)
    yield heard
    await subscription.unsubscribe()


async def test_a_region_hears_its_own_inbox(edge: Edge) -> None:
    answer = await edge.users["dresden"].client.request("fed.cat.dresden.offer.x", b"x", timeout=2)
    assert json.loads(answer.data)["stream"] == "CATALOG"


@pytest.mark.parametrize(
    "reply",
    [
        "fed.cat.leipzig.offer.victim",
        "fed.to.leipzig.leipzig.ref.1.0",
        "_INBOX.x",
        "$JS.API.STREAM.PURGE.CATALOG",
        "$JS.API.STREAM.DELETE.CATALOG",
        "$JS.API.CONSUMER.DELETE.CATALOG.leipzig",
        "$JS.ACK.CATALOG.leipzig.1.1.1.1.0",
        "fed.cat.root.region.leipzig",
    ],
)
@pytest.mark.parametrize(
    "carrier",
    [
        "fed.cat.dresden.offer.x",
        "$JS.API.CONSUMER.MSG.NEXT.CATALOG.dresden",
        "$JS.API.DIRECT.GET.CATALOG.fed.cat.dresden.offer.x",
    ],
)
async def test_a_foreign_place_for_the_answer_has_no_effect(edge: Edge, carrier: str, reply: str) -> None:
    victim = edge.users["leipzig"]
    await victim.client.request("fed.cat.leipzig.offer.victim", b"mine", timeout=2)
    before, mail_before = await count_messages(edge.admin), await count_messages(edge.admin, "MAIL")
    async with tapping(victim, "_INBOX_leipzig.>") as heard:
        await edge.users["dresden"].client.publish(carrier, b'{"batch":1}', reply=reply)
        await settled(edge.users["dresden"])
        await settled(edge.admin)
        await settled(victim)
    assert heard == []
    message = await edge.admin.jetstream.get_last_msg("CATALOG", "fed.cat.leipzig.offer.victim")
    assert message.data == b"mine"
    assert await count_messages(edge.admin) - before <= 1, "nothing but the sender's own publish"
    assert await count_messages(edge.admin, "MAIL") == mail_before
    await edge.admin.jetstream.consumer_info("CATALOG", "leipzig")


async def test_an_answer_can_be_pushed_only_to_an_inbox_whose_random_name_is_known(edge: Edge) -> None:
    """All regions share the account EDGE, so a reply may name another's inbox; its 22 random signs protect it."""
    victim = edge.users["leipzig"]
    secret = victim.client.new_inbox()
    async with tapping(victim, f"{secret}.*") as heard:
        for guess in ("_INBOX_leipzig.x.0", "_INBOX_leipzig.*.0", "_INBOX_leipzig.>"):
            await edge.users["dresden"].client.publish("fed.cat.dresden.offer.x", b"x", reply=guess)
        await settled(edge.users["dresden"])
        await settled(victim)
    assert heard == []
    assert len(secret.rsplit(".", 1)[1]) >= 22


@pytest.mark.parametrize("user", ["dresden", "search"])
async def test_streams_and_durables_are_the_admins_alone(edge: Edge, user: str) -> None:
    jetstream = edge.users[user].client.jetstream(timeout=0.2)
    attempts = (
        jetstream.delete_stream("CATALOG"),
        jetstream.purge_stream("CATALOG"),
        jetstream.add_stream(name="EVIL", subjects=["evil"]),
        jetstream.delete_consumer("CATALOG", "leipzig"),
        jetstream.add_consumer("CATALOG", durable_name="evil"),
        jetstream.stream_info("CATALOG"),
        jetstream.delete_msg("CATALOG", 1),
    )
    for attempt in attempts:
        with pytest.raises((nats.errors.TimeoutError, nats.errors.NoRespondersError, nats.js.errors.APIError)):
            await attempt
    infos = await edge.admin.jetstream.consumers_info("CATALOG")
    assert sorted(str(info.name) for info in infos) == ["dresden", "leipzig", "search"]
    assert [info.config.name for info in await edge.admin.jetstream.streams_info()] == ["CATALOG", "MAIL"]


async def test_without_a_known_key_nobody_comes_in(shared_lab: Lab) -> None:
    guests: Sequence[NatsSettings] = (
        NatsSettings(shared_lab.url, "guest"),
        NatsSettings(shared_lab.url, "stranger", shared_lab.seed("stranger")),
    )
    for guest in guests:
        async with connect_nats(guest) as connection:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(connection.until_connected(), 1.0)
            assert not connection.connected


async def test_a_revoked_region_is_cut_and_comes_back_when_put_back(lab: Lab, hub: NatsProcess) -> None:
    async with lab.connected(DRESDEN) as dresden, lab.connected(LEIPZIG) as leipzig:
        lab.write_config(without=[DRESDEN])
        hub.reload()
        await until(lambda: not dresden.connected)
        assert leipzig.connected
        lab.write_config()
        hub.reload()
        await until(lambda: dresden.connected)
        assert leipzig.sessions == 1
