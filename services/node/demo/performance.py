"""Performs the demo: makes a federation, starts it, tells the story, and leaves nothing behind."""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from services.common.clock import utc_now
from services.common.names import RegionId
from services.common.rpc.client import RpcError
from services.node.demo.cast import STATE, cast
from services.node.demo.narrator import Narrator, StepFailed
from services.node.demo.referral_story import ReferralStory
from services.node.demo.stage import Actor, running_stage
from services.node.demo.story import QUESTIONS, Story
from services.node.importing import explain
from services.node.initialise import create_federation
from services.node.runner import stop_signals, until_told
from services.notify.catching import running_catcher


async def play(narrator: Narrator, base: Path, count: int, *, once: bool) -> bool:
    """Perform until the end, or until Ctrl-C or SIGTERM; everything that was started is gone after it.

    True when the story was told to its end.
    """
    told = asyncio.Event()
    await until_told(stop_signals(), _perform(narrator, base, count, told, once=once))
    return told.is_set()


async def _perform(narrator: Narrator, base: Path, count: int, told: asyncio.Event, *, once: bool) -> None:
    narrator.chapter(f"A federation of {count} regions on this machine")
    async with AsyncExitStack() as stack:
        try:
            with narrator.step("keys, tokens, and a member list signed by the root key"):
                catcher = await stack.enter_async_context(running_catcher())
                layouts = create_federation(base, cast(count, catcher.port), utc_now)
            with narrator.step("brokers, hub, OpenSearch and services are up"):
                stage = await stack.enter_async_context(running_stage(layouts))
            actors = stage.actors
            for region, actor in actors.items():
                narrator.detail(f"{region}: {', '.join(f'{key} {value}' for key, value in actor.addresses.items())}")
            await Story(narrator, actors).play()
            await ReferralStory(narrator, stage, catcher).play()
            told.set()
            if not once:
                _show_doors(narrator.console, actors)
                await asyncio.Event().wait()
        except StepFailed:
            return
        except RpcError as error:  # of a call between two steps
            narrator.console.print(f"  [red]✘[/red] {escape(explain(error))}", highlight=False)
            return
        except asyncio.CancelledError:
            narrator.console.print("\nstopping …")
            raise


def _show_doors(console: Console, actors: Mapping[RegionId, Actor]) -> None:
    """Print where everything answers and calls to try."""
    state = actors[STATE]
    other = next(actor for region, actor in actors.items() if region != STATE)
    node, question = state.layout.root, QUESTIONS[0].text
    search, token = state.addresses["search"], state.layout.cli_token("hotline")
    console.print("\n[bold cyan]It stays up until Ctrl-C. Try, in another terminal:[/bold cyan]")
    console.print(
        f"""
  .venv/bin/lotse search "{question}" --node {node}
  .venv/bin/lotse offers list --node {other.layout.root}
  .venv/bin/lotse doctor --node {other.layout.root}
  .venv/bin/lotse cases new "{question}" --language uk --node {node}
  .venv/bin/lotse referrals inbox --node {other.layout.root}
  .venv/bin/lotse notifications list --node {node}

  .venv/bin/buf curl --timeout 3s --protocol grpc --http2-prior-knowledge -H "authorization: Bearer $(cat {token})" \\
    -d '{{"text": "{question}", "page_size": 3}}' http://{search}/lotse.search.v1.SearchService/SearchOffers

  .venv/bin/python - <<'PY'
import asyncio, pathlib
from lotse.search.v1.search_service_pb2 import SearchOffersRequest
from lotse.search.v1.search_service_pb2_grpc import SearchServiceStub
from services.common.rpc.client import connect

async def main():
    async with connect("{search}", pathlib.Path("{token}").read_text()) as channel:
        found = await SearchServiceStub(channel).SearchOffers(SearchOffersRequest(text="{question}"))
        print([hit.entry.offer.texts[0].title for hit in found.hits])

asyncio.run(main())
PY
""",
        highlight=False,
        markup=False,
    )
