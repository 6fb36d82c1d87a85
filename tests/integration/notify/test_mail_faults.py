"""What happens to a mail when its server refuses, hangs, breaks off, or offers no encryption."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretBytes

from lotse.notify.v1 import notify_pb2 as notify
from services.common.rpc.callers import Role
from services.node.servers.ports import free_port
from services.notify.app import running
from services.notify.settings import SmtpSettings
from tests.integration.notify.world import PARENT, Client, Home, World, new_referral, plain_smtp
from tests.support.mail import FaultyServer, make_certificate, running_faulty, running_other
from tests.support.processes import until

pytestmark = pytest.mark.asyncio(loop_scope="session")

PENDING, SENT = notify.DELIVERY_STATE_PENDING, notify.DELIVERY_STATE_SENT
FAILED, UNKNOWN = notify.DELIVERY_STATE_FAILED, notify.DELIVERY_STATE_UNKNOWN
ADDRESS = "canary-address@example.org"


@asynccontextmanager
async def office(home: Home, url: str, smtp: SmtpSettings, **given: Any) -> AsyncIterator[tuple[World, Client]]:
    """Run a service with one mail recipient and no other."""
    settings = home.settings(url, smtp=smtp, default_recipient="", **given)
    async with running(settings) as service:
        world = World(home, service)
        async with world.caller(Role.COORDINATOR) as client:
            if not (await client.call("ListRecipients", parent=PARENT)).recipients:
                await client.add("mail", email=ADDRESS, channels=[notify.CHANNEL_MAIL])
            yield world, client


async def reaches(client: Client, state: int, attempts: int | None = None) -> Any:
    """Wait until the only delivery is in a state; give it."""
    found: list[Any] = []

    async def there() -> bool:
        found[:] = await client.deliveries()
        return [one.state for one in found] == [state] and attempts in {None, found[0].attempts}

    await until(there, f"state {state}", seconds=15)
    return found[0]


async def stays(client: Client, server: FaultyServer, state: int, texts: int) -> None:
    """See that for many looks of the sender nothing else happens."""
    deadline = asyncio.get_running_loop().time() + 0.6
    while asyncio.get_running_loop().time() < deadline:
        assert [one.state for one in await client.deliveries()] == [state]
        assert len(server.texts) == texts
        await asyncio.sleep(0.05)


@pytest.mark.parametrize("place", ["on_mail", "on_rcpt", "after_text"])
@pytest.mark.parametrize("answer", ["421 closing", "451 later", "452 full"])
async def test_what_passes_is_tried_again_until_it_is_taken_once(
    home: Home, tmp_path: Path, place: str, answer: str
) -> None:
    async with running_faulty() as server:
        getattr(server, place).extend([answer, answer])
        async with office(home, f"sqlite+aiosqlite:///{tmp_path}/n.db", plain_smtp(server.port)) as (world, client):
            await world.hear(new_referral().says("DELIVERED", 3))
            sent = await reaches(client, SENT)
            assert (sent.attempts, sent.smtp_code) == (3, 250)
            assert len(server.taken) == 1
            await stays(client, server, SENT, len(server.texts))


@pytest.mark.parametrize("place", ["on_mail", "on_rcpt", "after_text"])
async def test_a_final_refusal_fails_at_once_and_only_a_person_sends_again(
    home: Home, database_url: str, place: str
) -> None:
    async with running_faulty() as server, office(home, database_url, plain_smtp(server.port)) as (world, client):
        getattr(server, place).append("550 no such desk")
        await world.hear(new_referral().says("DELIVERED", 3))
        failed = await reaches(client, FAILED)
        assert (failed.attempts, failed.smtp_code) == (1, 550)
        assert not failed.HasField("next_time")
        await stays(client, server, FAILED, len(server.texts))
        again = (await client.call("ResendDelivery", name=failed.name)).delivery
        assert again.state == PENDING
        sent = await reaches(client, SENT)
        assert (sent.attempts, sent.smtp_code, len(server.taken)) == (2, 250, 1)
        refusal = await client.refused("ResendDelivery", name=failed.name)
        assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "STATE_NOT_ALLOWED")


@pytest.mark.parametrize("fault", ["hang", "drop"])
async def test_silence_after_the_text_is_unknown_and_never_repeated_by_itself(
    home: Home, database_url: str, fault: str
) -> None:
    smtp = plain_smtp(1, data_timeout_seconds=0.5)
    async with running_faulty() as server:
        server.after_text.append(fault)
        smtp = smtp.model_copy(update={"port": server.port})
        async with office(home, database_url, smtp) as (world, client):
            await world.hear(new_referral().says("DELIVERED", 3))
            unknown = await reaches(client, UNKNOWN)
            assert (unknown.attempts, unknown.smtp_code) == (1, 0)
            assert not unknown.HasField("next_time")
            await stays(client, server, UNKNOWN, 1)
            await client.call("ResendDelivery", name=unknown.name)
            await reaches(client, SENT, attempts=2)
            # The receiving side can tell that the two are one: same Message-ID.
            assert server.message(0)["Message-ID"] == server.message(1)["Message-ID"]


async def test_a_server_that_is_away_is_waited_for(home: Home, database_url: str) -> None:
    port = free_port()
    async with office(home, database_url, plain_smtp(port)) as (world, client):
        await world.hear(new_referral().says("DELIVERED", 3))
        tried = await reaches(client, PENDING, attempts=2)
        assert tried.smtp_code == 0
        async with running_faulty(port=port) as server:
            await reaches(client, SENT)
            assert len(server.taken) == 1


async def test_a_server_that_stays_away_is_given_up(home: Home, tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/n.db"
    async with office(home, url, plain_smtp(free_port()), give_up_hours=0.3 / 3600) as (world, client):
        await world.hear(new_referral().says("DELIVERED", 3))
        assert (await reaches(client, FAILED)).attempts >= 2


async def test_one_bad_address_keeps_nobody_waiting(home: Home, tmp_path: Path) -> None:
    async with running_faulty() as server:
        server.on_rcpt.append("451 greylisted")
        url = f"sqlite+aiosqlite:///{tmp_path}/n.db"
        async with office(home, url, plain_smtp(server.port), retry_seconds=(600,)) as (world, client):
            await world.hear(*(new_referral().says("DELIVERED", 3) for _ in range(5)))

            async def settled() -> bool:
                return sorted(one.state for one in await client.deliveries()) == [PENDING, SENT, SENT, SENT, SENT]

            await until(settled, "four sent")


async def test_nothing_goes_out_when_starttls_was_stripped(home: Home, tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/n.db"
    async with running_faulty() as server:
        smtp = plain_smtp(server.port, security="starttls")
        async with office(home, url, smtp) as (world, client):
            await world.hear(new_referral().says("DELIVERED", 3))
            await reaches(client, PENDING, attempts=3)
        assert server.connections >= 3
        assert (server.senders, server.texts) == ([], [])


async def test_nothing_goes_out_to_a_server_whose_certificate_is_not_trusted(home: Home, tmp_path: Path) -> None:
    ours, foreign = make_certificate(tmp_path / "ours"), make_certificate(tmp_path / "foreign")
    elsewhere = make_certificate(tmp_path / "elsewhere", "127.0.0.2")
    cases = ((foreign, ours), (elsewhere, elsewhere))
    for number, (served, trusted) in enumerate(cases):
        url = f"sqlite+aiosqlite:///{tmp_path}/{number}.db"
        async with running_faulty(served) as server:
            smtp = plain_smtp(server.port, security="starttls", ca_file=trusted.ca_file)
            async with office(home, url, smtp) as (world, client):
                await world.hear(new_referral().says("DELIVERED", 3))
                await reaches(client, PENDING, attempts=2)
            assert (server.senders, server.texts) == ([], [])


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_a_trusted_server_gets_the_mail_over_tls(home: Home, tmp_path: Path, security: str) -> None:
    certificate = make_certificate(tmp_path / "tls")
    async with running_faulty(certificate, implicit_tls=security == "tls") as server:
        smtp = plain_smtp(server.port, security=security, ca_file=certificate.ca_file)
        async with office(home, f"sqlite+aiosqlite:///{tmp_path}/n.db", smtp) as (world, client):
            await world.hear(new_referral().says("DELIVERED", 3))
            await reaches(client, SENT)
        assert server.message()["Auto-Submitted"] == "auto-generated"


async def test_a_server_that_cannot_log_us_in_gets_nothing_and_is_asked_again(home: Home, tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path / "tls")
    async with running_faulty(certificate) as server:
        login = {"username": "lotse", "password": SecretBytes(b"canary-password")}
        smtp = plain_smtp(server.port, security="starttls", ca_file=certificate.ca_file, **login)
        async with office(home, f"sqlite+aiosqlite:///{tmp_path}/n.db", smtp) as (world, client):
            await world.hear(new_referral().says("DELIVERED", 3))
            tried = await reaches(client, PENDING, attempts=2)
            assert tried.HasField("next_time")
        assert server.texts == []


async def test_a_server_by_others_takes_the_same_mail_over_tls(home: Home, tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path / "tls")
    (tmp_path / "other").mkdir()
    async with running_other(tmp_path / "other", certificate) as server:
        smtp = plain_smtp(server.port, security="starttls", ca_file=certificate.ca_file, timeout_seconds=10)
        async with office(home, f"sqlite+aiosqlite:///{tmp_path}/n.db", smtp) as (world, client):
            referrals = [new_referral() for _ in range(3)]
            await world.hear(*(referral.says("DELIVERED", 3) for referral in referrals))

            async def all_sent() -> bool:
                return [one.state for one in await client.deliveries()] == [SENT] * 3

            await until(all_sent, "three mails")
        mails = server.mails()
        assert [(sender, recipient) for sender, recipient, _ in mails] == [("", ADDRESS)] * 3
        ids = {text.split(b"Message-ID: ")[1].split(b"\n")[0] for _, _, text in mails}
        assert len(ids) == 3


async def test_who_lost_its_address_is_not_written_to_and_an_address_is_read_at_the_last_moment(
    home: Home, tmp_path: Path
) -> None:
    async with running_faulty() as server:
        server.on_rcpt.extend(["550 moved away"])
        url = f"sqlite+aiosqlite:///{tmp_path}/n.db"
        async with office(home, url, plain_smtp(server.port)) as (world, client):
            await world.hear(new_referral().says("DELIVERED", 3))
            failed = await reaches(client, FAILED)
            [recipient] = (await client.call("ListRecipients", parent=PARENT)).recipients
            recipient.email = "new@example.org"
            recipient = (await client.call("UpdateRecipient", recipient=recipient)).recipient
            await client.call("ResendDelivery", name=failed.name)
            await reaches(client, SENT)
            assert server.message()["To"] == "new@example.org"
            server.on_rcpt.append("550 again")
            await world.hear(new_referral().says("DECLINED", 4))

            async def newest_failed() -> bool:
                return [one.state for one in await client.deliveries()] == [FAILED, SENT]

            await until(newest_failed, "the second failure")
            await client.call("DeleteRecipient", name=recipient.name, etag=recipient.etag)
            await client.call("ResendDelivery", name=(await client.deliveries())[0].name)
            await until(newest_failed, "the third failure")
            assert len(server.texts) == 1


async def test_no_address_password_or_answer_of_a_server_is_logged(
    home: Home, tmp_path: Path, log_text: StringIO
) -> None:
    before = len(log_text.getvalue())
    async with running_faulty() as server:
        server.on_rcpt.append(f"451 canary-answer for {ADDRESS}")
        server.after_text.append(f"550 canary-answer for {ADDRESS}")
        async with office(home, f"sqlite+aiosqlite:///{tmp_path}/n.db", plain_smtp(server.port)) as (world, client):
            await world.hear(new_referral().says("DELIVERED", 3))
            await reaches(client, FAILED)
    logged = log_text.getvalue()[before:]
    assert "mail.tried" in logged
    assert "canary" not in logged
