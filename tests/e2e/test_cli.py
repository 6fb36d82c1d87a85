"""The real `lotse` command on running nodes: what staff, the hotline and an operator do all day."""

import asyncio
import json
from pathlib import Path

import pytest
import yaml

from lotse.directory.v1.directory_service_pb2_grpc import DirectoryServiceStub
from lotse.directory.v1.offer_requests_pb2 import DeleteOfferRequest, GetOfferRequest
from lotse.search.v1.search_service_pb2 import SearchOffersRequest
from lotse.search.v1.search_service_pb2_grpc import SearchServiceStub
from services.common.names import RegionId
from services.node.demo.stage import Actor
from services.node.seed import load_seed, seed_path
from tests.support.commands import lotse

pytestmark = pytest.mark.asyncio(loop_scope="session")

Federation = dict[RegionId, Actor]
SACHSEN, DRESDEN, MITTELSACHSEN = RegionId("sachsen"), RegionId("dresden"), RegionId("mittelsachsen")
OFFER = "wc-dresden-wohnen-kita-schule"
DRAFT = {
    "id": "probe-der-befehlszeile",
    "kind": "counselling",
    "partner": "welcome-center-dresden",
    "texts": [{"language_code": "de", "title": "Probe der Befehlszeile", "summary": "Nur ein Entwurf."}],
    "topics": ["recognition"],
    "audiences": ["person"],
    "scope": "region",
    "catchment": {"district_codes": ["14612"]},
}


def folder(federation: Federation, region: RegionId) -> Path:
    return federation[region].layout.root


async def test_staff_list_their_own_offers_and_show_one(federation: Federation) -> None:
    node = folder(federation, DRESDEN)
    listed = await lotse("offers", "list", "--node", node, "--state", "published")
    titled = await lotse("offers", "list", "--node", node, "--json")
    shown = await lotse("offers", "show", OFFER, "--node", node)
    assert (listed.code, titled.code, shown.code) == (0, 0, 0)
    seed = {offer_id for offer_id, _ in load_seed(seed_path("dresden"), "dresden").offers}
    # Other tests add offers of their own to the federation that they share.
    assert {json.loads(line)["name"].rsplit("/", 1)[1] for line in titled.out.splitlines()} >= seed
    assert OFFER in listed.out
    assert yaml.safe_load(shown.out)["name"] == f"regions/dresden/offers/{OFFER}"


async def test_what_is_not_there_is_refused_with_its_reason(federation: Federation) -> None:
    node = folder(federation, DRESDEN)
    missing = await lotse("offers", "show", "no-such-offer", "--node", node)
    foreign = await lotse("offers", "show", "regions/leipzig/offers/x", "--node", node)
    state = await lotse("offers", "list", "--node", node, "--state", "gone")
    assert (missing.code, missing.out) == (1, "")
    assert missing.err.startswith("refused: ")
    assert "[RESOURCE_NOT_FOUND]" in missing.err
    assert "[FOREIGN_REGION]" in foreign.err
    assert (state.code, state.err.strip()) == (
        2,
        "error: --state gone: must be one of draft, published, paused, ended",
    )


async def test_a_bad_file_is_told_whole_and_changes_nothing(federation: Federation, tmp_path: Path) -> None:
    node, file = folder(federation, DRESDEN), tmp_path / "bad.yaml"
    bad = [{"id": "Kein Name"}, DRAFT | {"kind": "nonsense", "partner": "nobody", "valid_until": "tomorrow"}, DRAFT]
    file.write_text(yaml.safe_dump({"offers": [*bad, DRAFT]}))
    said = await lotse("offers", "import", file, "--node", node)
    assert (said.code, said.out) == (2, "")
    assert [line.removeprefix("error: ").partition(": ")[2] for line in said.err.splitlines()] == [
        "offers[0]: id: must be lower-case letters, digits and hyphens",
        next(line for line in said.err.splitlines() if "kind" in line).partition(": ")[2],
        "offers/probe-der-befehlszeile: partner: refers to regions/dresden/partners/nobody, which is not there",
        "offers/probe-der-befehlszeile: valid_until: must be a day such as 2024-08-22",
        "offers[2]: id: appears twice",
        "offers[3]: id: appears twice",
    ]
    absent = await lotse("offers", "show", DRAFT["id"], "--node", node)
    assert "[RESOURCE_NOT_FOUND]" in absent.err


async def test_a_file_may_refer_to_what_the_directory_holds_and_running_it_again_is_harmless(
    federation: Federation, tmp_path: Path
) -> None:
    actor, file = federation[DRESDEN], tmp_path / "draft.yaml"
    file.write_text(yaml.safe_dump({"offers": [DRAFT]}))
    try:
        first = await lotse("offers", "import", "--draft", file, "--node", actor.layout.root)
        again = await lotse("offers", "import", "--draft", file, "--node", actor.layout.root)
        assert (first.code, first.out.strip()) == (0, "created 1, updated 0, unchanged 0, published 0, refused 0")
        assert (again.code, again.out.strip()) == (0, "created 0, updated 0, unchanged 1, published 0, refused 0")
    finally:
        async with actor.target("directory", "editor").channel() as channel:
            stub = DirectoryServiceStub(channel)
            name = f"regions/dresden/offers/{DRAFT['id']}"
            etag = (await stub.GetOffer(GetOfferRequest(name=name))).offer.etag
            await stub.DeleteOffer(DeleteOfferRequest(name=name, etag=etag))


async def test_the_hotline_asks_in_any_language_and_hears_why(federation: Federation) -> None:
    node = folder(federation, SACHSEN)
    said = await lotse("search", "Шукаю дитячий садок для доньки в Дрездені", "--node", node, "--limit", 3)
    assert said.code == 0
    assert said.out.startswith("understood (uk): ")
    assert "Wegweiser Wohnung, Kita und Schule in Dresden" in said.out
    assert "Welcome Center Dresden · dresden" in said.out
    assert "why: " in said.out
    found = json.loads(
        (await lotse("search", "diploma", "--node", node, "--region", "mittelsachsen", "--json", "--limit", 50)).out
    )
    assert {hit["name"].split("/")[1] for hit in found["hits"]} <= {"mittelsachsen"}


async def test_a_question_that_breaks_a_rule_names_the_field(federation: Federation) -> None:
    said = await lotse("search", "x", "--node", folder(federation, SACHSEN), "--district", "1")
    assert said.code == 1
    assert "caller_district_code" in said.err
    assert "[INVALID_FIELD]" in said.err


async def test_a_node_without_a_search_says_what_it_hosts(federation: Federation) -> None:
    said = await lotse("search", "x", "--node", folder(federation, DRESDEN))
    assert said.code == 2
    assert f"the node in {folder(federation, DRESDEN)} does not host search; it hosts: directory, " in said.err


async def test_the_doctor_finds_healthy_nodes_healthy(federation: Federation) -> None:
    state = await lotse("doctor", "--node", folder(federation, SACHSEN))
    region = await lotse("doctor", "--node", folder(federation, DRESDEN))
    assert (state.code, region.code) == (0, 0), state.out + region.out
    assert {line.split()[1] for line in state.out.splitlines()} >= {"search:", "hub:", "engine:", "outbox:"}
    assert {line.split()[0] for line in (state.out + region.out).splitlines()} == {"ok"}


async def test_a_token_holds_at_once_and_no_longer_than_it_is_wanted(federation: Federation, tmp_path: Path) -> None:
    actor, token = federation[DRESDEN], tmp_path / "reader.token"
    there = ("--address", actor.addresses["directory"], "--token-file", token, "--region", "dresden")
    made = await lotse("token", "create", "--role", "reader", "--name", "probe", "--node", actor.layout.root)
    token.write_text(made.out)
    assert (await lotse("offers", "list", *there)).code == 0
    (tmp_path / "empty.yaml").write_text(yaml.safe_dump({"offers": [DRAFT]}))
    writing = await lotse("offers", "import", tmp_path / "empty.yaml", *there)
    assert (writing.code, "[ROLE_NOT_ALLOWED]" in writing.err) == (1, True)
    assert (await lotse("token", "revoke", made.out.split("_")[1], "--node", actor.layout.root)).code == 0
    refused = await lotse("offers", "list", *there)
    assert (refused.code, "[TOKEN_INVALID]" in refused.err) == (1, True)


async def test_a_reindex_hides_nothing_from_those_who_search(federation: Federation) -> None:
    actor = federation[SACHSEN]
    totals: list[int] = []
    async with actor.target("search", "hotline").channel() as channel:
        stub = SearchServiceStub(channel)
        before = (await stub.SearchOffers(SearchOffersRequest(page_size=1), timeout=10)).total_size
        reindex = asyncio.create_task(lotse("reindex", "--node", actor.layout.root))
        while not reindex.done():
            totals.append((await stub.SearchOffers(SearchOffersRequest(page_size=1), timeout=10)).total_size)
            await asyncio.sleep(0.05)
        said = await reindex
        again = await lotse("reindex", "--reread", "--node", actor.layout.root)
        totals.append((await stub.SearchOffers(SearchOffersRequest(page_size=1), timeout=10)).total_size)
    assert said.code == 0, said.err
    assert int(said.out.split()[3]) >= before
    assert set(totals) == {before}
    assert (again.code, again.out.splitlines()[0]) == (0, "reads again from the beginning: CATALOG, NODE")


async def test_a_node_is_not_run_twice(federation: Federation) -> None:
    actor = federation[MITTELSACHSEN]
    said = await lotse("node", "run", LOTSE_NODE=str(actor.layout.root))
    assert (said.code, said.err.strip()) == (2, f"error: the node in {actor.layout.root} runs already")
    assert actor.layout.read_addresses() == actor.addresses
    assert (await lotse("offers", "list", LOTSE_NODE=str(actor.layout.root))).code == 0


async def test_a_node_that_was_never_admitted_does_not_start(tmp_path: Path) -> None:
    node = tmp_path / "leipzig"
    made = await lotse("node", "init", "--region", "leipzig", "--node", node)
    assert made.code == 0
    said = await lotse("node", "run", LOTSE_NODE=str(node))
    assert said.code == 2
    assert "no valid member list" in said.err
    assert "lotse hub admit" in said.err
    assert "Traceback" not in said.err


async def test_a_service_that_is_away_is_said_so(tmp_path: Path) -> None:
    token = tmp_path / "any.token"
    token.write_text("lotse_1_2")
    said = await lotse("search", "x", "--address", "127.0.0.1:1", "--token-file", token)
    assert said.code == 1
    assert "[UNAVAILABLE]" in said.err
