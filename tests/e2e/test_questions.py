"""Questions in other languages find the German offer that helps, among the first three, on the whole federation."""

from collections import defaultdict
from pathlib import Path

import pytest
import yaml

from lotse.search.v1.search_service_pb2 import SearchOffersRequest
from lotse.search.v1.search_service_pb2_grpc import SearchServiceStub
from services.common.names import RegionId
from services.node.demo.stage import Actor
from services.node.seed import load_needs

pytestmark = pytest.mark.asyncio(loop_scope="session")

QUESTIONS = yaml.safe_load((Path(__file__).parent / "questions.yaml").read_text())
LEAST_IN_TOP_3 = 0.85
"""Share of the reference needs in each of their five languages. The next issue's aim is .90 (matching.md, "Bars")."""


async def test_questions_in_eleven_languages_find_their_offer_in_the_top_three(
    federation: dict[RegionId, Actor],
) -> None:
    rows: list[tuple[str, str, str, int]] = []
    async with federation[RegionId("sachsen")].target("search", "hotline").channel() as channel:
        stub = SearchServiceStub(channel)
        for question in QUESTIONS:
            request = SearchOffersRequest(text=question["text"], language_code=question["language"], page_size=10)
            names = [hit.name for hit in (await stub.SearchOffers(request, timeout=10)).hits]
            place = names.index(question["offer"]) + 1 if question["offer"] in names else 0
            rows.append((question["language"], question["text"], question["offer"], place))
    print("\nlanguage  place  question → expected offer")
    for language, text, offer, place in rows:
        print(f"{language:8}  {place or '–':>5}  {text} → {offer.removeprefix('regions/')}")
    assert len({language for language, *_ in rows}) >= 8
    assert [row for row in rows if not 1 <= row[3] <= 3] == []


async def test_the_reference_needs_find_their_partner_in_five_languages(federation: dict[RegionId, Actor]) -> None:
    places: dict[str, list[int]] = defaultdict(list)
    missed: list[str] = []
    async with federation[RegionId("sachsen")].target("search", "hotline").channel() as channel:
        stub = SearchServiceStub(channel)
        for need in load_needs():
            expected = {f"regions/{one.region}/partners/{one.partner}" for one in need.expected}
            if not any(one.region in federation for one in need.expected):
                continue
            for language, text in need.questions.items():
                request = SearchOffersRequest(text=text, language_code=language, page_size=10)
                found = [hit.entry.partner.name for hit in (await stub.SearchOffers(request, timeout=10)).hits]
                place = next((number for number, name in enumerate(found, start=1) if name in expected), 0)
                places[language].append(place)
                if not 1 <= place <= 3:
                    missed.append(f"{language}: {text} (place {place or '–'}; expected {', '.join(sorted(expected))})")
    shares = {language: sum(1 <= place <= 3 for place in found) / len(found) for language, found in places.items()}
    print(f"\n{len(next(iter(places.values())))} needs; share in the top 3 by language: {shares}")
    print("\n".join(missed))
    assert {language: share for language, share in shares.items() if share < LEAST_IN_TOP_3} == {}
