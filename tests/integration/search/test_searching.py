"""What a question finds, why, and what a hostile text does not do."""

from typing import Any

import pytest
from google.type.latlng_pb2 import LatLng

from lotse.directory.v1 import offer_pb2
from lotse.search.v1 import search_pb2
from tests.integration.search.offers import text
from tests.integration.search.world import World, ids

pytestmark = pytest.mark.asyncio(loop_scope="session")

HOSTILE = [
    "*",
    "*:*",
    "title:*",
    "Werk*",
    '"',
    '"Werkstatt" OR 1=1',
    "a AND (b OR",
    "/.*/",
    "[* TO *]",
    "'; DROP TABLE inbox; --",
    "{{7*7}}",
    "<script>alert(1)</script>",
    "\\",
    "\x00\x01\x02",
    "\ue000Werkstatt\ue001",
    "😀" * 400,
    "a " * 200,
    "中" * 400,
    "ก" * 400,
    "ا" * 400,
    "-" * 400,
    "~2 ^9 Werkstatt~ Morgen^9",
    "\u202e\u200b\ufeff",
    "e\u0301" * 200,
    " ".join(f"wort{number}" for number in range(60))[:400],
]


@pytest.mark.parametrize("hostile", HOSTILE)
async def test_a_hostile_text_neither_breaks_the_search_nor_finds_everything(world: World, hostile: str) -> None:
    await world.publish("a", "Sprechstunde am Morgen")
    await world.publish("b", "Lesekreis am Abend")
    answer = await world.search(hostile, facets=[search_pb2.FACET_FIELD_KIND])
    assert answer.total_size < 2


async def test_without_text_all_offers_come_newest_first(world: World) -> None:
    await world.publish("old", update_time={"seconds": 1_000})
    await world.publish("new", update_time={"seconds": 3_000})
    await world.publish("middle", update_time={"seconds": 2_000})
    assert await world.found("") == ["new", "middle", "old"]
    assert await world.found("   ") == ["new", "middle", "old"]


@pytest.mark.parametrize(
    "question",
    [
        "Anerkennung meines Diploms",
        "визнання диплома",
        "признание диплома",
        "uznání diplomu",
        "diploma tanınması",
        "nostryfikacja dyplomu",
        "recognition of foreign qualifications",
        "معادلة الشهادات",
    ],
)
async def test_questions_in_many_languages_find_a_german_offer(world: World, question: str) -> None:
    await world.publish("right", "Anerkennungsberatung für Fachkräfte", topics=["recognition"])
    await world.publish("housing", "Hilfe bei der Wohnungssuche", topics=["housing"])
    await world.publish("childcare", "Kita-Platz finden", topics=["childcare"])
    answer = await world.search(question, language_code="en")
    assert ids(answer)[:1] == ["right"]
    assert not answer.understanding.abstained
    assert "recognition" in [concept.id for concept in answer.understanding.concepts]


async def test_a_topic_found_by_machine_finds_the_offer_too_and_says_so(world: World) -> None:
    await world.publish("a", "Anerkennung ausländischer Berufsabschlüsse", topics=["housing"])
    (hit,) = (await world.search("визнання диплома", language_code="uk")).hits
    assert hit.why[0].kind == search_pb2.WHY_KIND_AUTOMATIC_TOPIC
    assert hit.why[0].concept_id == "recognition"


async def test_the_reason_is_named_in_the_callers_language(world: World) -> None:
    await world.publish("a", "Anerkennungsberatung", topics=["recognition"])
    german = (await world.search("визнання диплома")).hits[0].why[0]
    ukrainian = (await world.search("визнання диплома", language_code="uk")).hits[0].why[0]
    assert german.kind == ukrainian.kind == search_pb2.WHY_KIND_TOPIC
    assert "Anerkennung" in german.text
    assert ukrainian.text != german.text


async def test_what_is_not_understood_finds_only_literal_words_and_asks_back(world: World) -> None:
    await world.publish("a", "Töpferkreis Keramikzwerg")
    nothing = await world.search("Keramikzwerg Raumstation")
    assert nothing.understanding.abstained
    assert ids(nothing) == []
    assert await world.found("Keramikzwerg") == ["a"]


async def test_a_partner_is_found_by_its_name(world: World) -> None:
    await world.publish("a", "Sprechstunde", partner="Zwirbelkontor Neustadt")
    await world.publish("b", "Sprechstunde", partner="Haus der Hilfe")
    assert await world.found("Zwirbelkontor") == ["a"]


async def test_a_rare_name_that_sounds_like_a_topic_finds_its_own_offer_first(world: World) -> None:
    for number in range(30):
        await world.publish(f"other-{number}", "Wohnungssuche", topics=["housing"])
    await world.publish("a", "Treff im Viertel", partner="Wohnungsfuchs Neustadt")
    answer = await world.search("Wohnungsfuchs")
    assert answer.understanding.concepts[0].id == "housing"
    assert ids(answer)[0] == "a"
    assert len(answer.hits) > 1


async def test_a_common_word_in_a_title_elsewhere_stays_behind_the_callers_own_district(world: World) -> None:
    for number in range(30):
        await world.publish(f"other-{number}", "Nähen am Abend", topics=["leisure-and-sport"])
    await world.publish("a", "Deutschkurs", topics=["german-course"], catchment={"district_codes": ["14713"]})
    await world.publish("b", "Deutschkurs für alle am Abend", topics=["german-course"])
    answer = await world.search("Deutschkurs", caller_district_code="14612")
    assert ids(answer)[:2] == ["b", "a"]


async def test_a_misspelt_word_is_forgiven_when_little_else_is_found(world: World) -> None:
    # The name stands apart from the title, from which topics come: two alike in these are told apart by the word.
    await world.publish("a", "Deutschkurs", partner="Haus der Hilfe", topics=["german-course"])
    await world.publish("b", "Deutschkurs", partner="Zwirbelkontor Neustadt", topics=["german-course"])
    answer = await world.search("Deutschkurs Zwirbelkntor")
    assert not answer.understanding.abstained
    assert ids(answer) == ["b", "a"]
    assert answer.hits[0].score > answer.hits[1].score


@pytest.mark.parametrize(
    ("title", "question"),
    [
        ("Größe und Maße", "groesse masse"),
        ("Groesse und Masse", "Größe Maße"),
        ("Beratung bei Ärztinnen", "Arzt Beratung"),
        ("Treffen für Köche", "KOECHE TREFFEN"),
        ("Žlutá škola", "zluta skola"),
    ],
)
async def test_spellings_that_people_mix_find_each_other(world: World, title: str, question: str) -> None:
    await world.publish("a", title)
    assert await world.found(question) == ["a"]


async def test_texts_in_other_scripts_are_found_and_shown_whole(world: World) -> None:
    arabic = text("استشارة العمل", "نساعدك في البحث عن عمل", language="ar")
    await world.publish("a", texts=[text("Beratung"), arabic])
    answer = await world.search("استشارة العمل", language_code="ar")
    assert ids(answer) == ["a"]
    marked = [one for one in answer.hits[0].highlights if one.language_code == "ar"]
    assert "".join(piece.text for piece in marked[0].segments) in {arabic["title"], arabic["summary"]}


async def test_words_are_highlighted_as_plain_pieces_of_the_whole_text(world: World) -> None:
    title = "Deutschkurs <b>für</b> Pflegekräfte \ue000heimlich\ue001"
    await world.publish("a", title)
    (hit,) = (await world.search("Deutschkurs Pflegekräfte")).hits
    (title_mark,) = [one for one in hit.highlights if one.field == "title"]
    assert "".join(piece.text for piece in title_mark.segments) == title.replace("\ue000", "").replace("\ue001", "")
    assert [piece.text for piece in title_mark.segments if piece.emphasised] == ["Deutschkurs", "Pflegekräfte"]
    assert title_mark.language_code == "de"
    words = [why.text for why in hit.why if why.kind == search_pb2.WHY_KIND_WORDS]
    assert words == ["Deutschkurs, Pflegekräfte"]


async def test_the_callers_district_comes_first_then_all_of_saxony_then_the_rest(world: World) -> None:
    await world.publish("leipzig", "Deutschkurs", catchment={"district_codes": ["14713"]})
    await world.publish("saxony", "Deutschkurs", scope="OFFER_SCOPE_SAXONY", catchment=None)
    await world.publish("dresden", "Deutschkurs")
    answer = await world.search("Deutschkurs", caller_district_code="14612")
    assert ids(answer) == ["dresden", "saxony", "leipzig"]
    kinds = [[why.kind for why in hit.why][-1] for hit in answer.hits]
    assert kinds[:2] == [search_pb2.WHY_KIND_CATCHMENT, search_pb2.WHY_KIND_STATEWIDE]
    assert [answer.hits[0].why[-1].text, answer.hits[1].why[-1].text] == ["Dresden", "Sachsen"]
    assert await world.found("", caller_district_code="14713") == ["leipzig", "saxony", "dresden"]


async def test_a_place_in_the_question_counts_more_than_the_callers_own(world: World) -> None:
    await world.publish("leipzig", "Deutschkurs", catchment={"district_codes": ["14713"]})
    await world.publish("dresden", "Deutschkurs")
    assert (await world.found("Deutschkurs in Leipzig", caller_district_code="14612"))[0] == "leipzig"


async def test_naming_the_state_brings_what_serves_all_of_it_first_unless_a_district_is_known(world: World) -> None:
    # An overdue one comes a little behind its equals, so that the place decides only where it says much.
    overdue = {"review_due_date": {"year": 2026, "month": 11, "day": 1}}
    await world.publish("saxony", "Deutschkurs", scope="OFFER_SCOPE_SAXONY", catchment=None, **overdue)
    await world.publish("dresden", "Deutschkurs")
    assert (await world.found("Deutschkurs"))[0] == "dresden"
    answer = await world.search("Deutschkurs in Sachsen")
    assert ids(answer) == ["saxony", "dresden"]
    assert list(answer.understanding.district_codes) == []
    assert answer.hits[0].why[-1].kind == search_pb2.WHY_KIND_STATEWIDE
    assert (await world.found("Deutschkurs in Sachsen", caller_district_code="14612"))[0] == "dresden"
    assert (await world.found("Deutschkurs in Dresden, Sachsen"))[0] == "dresden"
    narrowed = search_pb2.OfferFilter(district_codes=["14612"])
    assert (await world.found("Deutschkurs in Sachsen", filter=narrowed))[0] == "dresden"


async def test_an_overdue_offer_comes_after_a_confirmed_one_and_says_so(world: World) -> None:
    await world.publish("overdue", "Deutschkurs", review_due_date={"year": 2026, "month": 11, "day": 1})
    await world.publish("today", "Deutschkurs", review_due_date={"year": 2026, "month": 11, "day": 2})
    answer = await world.search("Deutschkurs")
    assert [(hit.name.rsplit("/", 1)[1], hit.review_overdue) for hit in answer.hits] == [
        ("today", False),
        ("overdue", True),
    ]


FILTERS: dict[str, tuple[Any, dict[str, Any]]] = {
    "regions": (["leipzig"], {"region": "leipzig"}),
    "topics": (["recognition"], {"topics": ["recognition"]}),
    "audiences": (["AUDIENCE_COMPANY"], {"audiences": ["AUDIENCE_COMPANY"]}),
    "formats": (["OFFER_FORMAT_VIDEO"], {"formats": ["OFFER_FORMAT_VIDEO"]}),
    "kinds": (["OFFER_KIND_FUNDING"], {"kind": "OFFER_KIND_FUNDING"}),
    "district_codes": (["14713"], {"catchment": {"district_codes": ["14713"]}}),
    "consultation_languages": (
        ["zh"],
        {"consultation_languages": [{"language_code": "zh-Hant", "mode": "LANGUAGE_MODE_INTERPRETED"}]},
    ),
    "free_of_charge": (True, {"cost": {"kind": "COST_KIND_FREE"}}),
}


@pytest.mark.parametrize("name", FILTERS)
async def test_each_filter_keeps_what_it_names(world: World, name: str) -> None:
    value, changes = FILTERS[name]
    await world.publish("other", "Deutschkurs")
    await world.publish("wanted", "Deutschkurs", **changes)
    wanted: Any = {name: value}
    narrowed = search_pb2.OfferFilter(**wanted)
    assert await world.found("Deutschkurs", filter=narrowed) == ["wanted"]
    assert await world.found("", filter=narrowed) == ["wanted"]


async def test_a_circle_keeps_offers_with_a_site_in_it(world: World) -> None:
    await world.publish("dresden", "Deutschkurs")
    await world.publish("leipzig", "Deutschkurs", site={"location": {"latitude": 51.34, "longitude": 12.37}})
    await world.publish("phone", "Deutschkurs", sites=[])
    circle = search_pb2.Circle(center=LatLng(latitude=51.3, longitude=12.4), radius_km=20)
    assert await world.found("Deutschkurs", filter=search_pb2.OfferFilter(circle=circle)) == ["leipzig"]


async def test_a_district_filter_keeps_offers_for_all_of_saxony_and_germany(world: World) -> None:
    await world.publish("dresden")
    await world.publish("saxony", scope="OFFER_SCOPE_SAXONY", catchment=None)
    await world.publish("germany", scope="OFFER_SCOPE_FEDERAL", catchment=None)
    await world.publish(
        "postcodes",
        catchment={"postcode_ranges": [{"first": "04103", "last": "04357"}]},
        site={"district_code": "14713"},
    )
    narrowed = search_pb2.OfferFilter(district_codes=["14713"])
    assert sorted(await world.found("", filter=narrowed)) == ["germany", "postcodes", "saxony"]


async def test_filters_join_by_and_their_values_by_or(world: World) -> None:
    await world.publish("a", kind="OFFER_KIND_TRAINING", formats=["OFFER_FORMAT_VIDEO"])
    await world.publish("b", kind="OFFER_KIND_FUNDING", formats=["OFFER_FORMAT_VIDEO"])
    await world.publish("c", kind="OFFER_KIND_TRAINING", formats=["OFFER_FORMAT_PHONE"])
    kinds = [offer_pb2.OFFER_KIND_TRAINING, offer_pb2.OFFER_KIND_FUNDING]
    narrowed = search_pb2.OfferFilter(kinds=kinds, formats=[offer_pb2.OFFER_FORMAT_VIDEO])
    assert sorted(await world.found("", filter=narrowed)) == ["a", "b"]


async def test_facets_count_all_that_match_with_names_for_people(world: World) -> None:
    speaks = [{"language_code": "uk", "mode": "LANGUAGE_MODE_SPOKEN"}]
    await world.publish("a", "Deutschkurs", topics=["german-course"], consultation_languages=speaks)
    await world.publish("b", "Deutschkurs", topics=["german-course"], kind="OFFER_KIND_TRAINING", region="leipzig")
    await world.publish("c", "Hilfe mit dem Vermieter", topics=["housing"])
    answer = await world.search("Deutschkurs", language_code="en", page_size=1, facets=list(range(1, 7)))
    counts = {facet.field: [(one.value, one.label, one.count) for one in facet.values] for facet in answer.facets}
    assert ("german-course", 2) in [(value, count) for value, _, count in counts[search_pb2.FACET_FIELD_TOPIC]]
    assert sorted(counts[search_pb2.FACET_FIELD_REGION]) == [
        ("dresden", "Welcome Center dresden", 1),
        ("leipzig", "Welcome Center leipzig", 1),
    ]
    assert counts[search_pb2.FACET_FIELD_CONSULTATION_LANGUAGE] == [("uk", "Ukrainian", 1)]
    assert counts[search_pb2.FACET_FIELD_AUDIENCE] == [("AUDIENCE_PERSON", "People who look for help", 2)]
    assert sorted(counts[search_pb2.FACET_FIELD_KIND]) == [
        ("OFFER_KIND_COUNSELLING", "Counselling", 1),
        ("OFFER_KIND_TRAINING", "Training", 1),
    ]
    assert len(answer.hits) == 1


async def test_an_offer_that_a_topic_only_faintly_resembles_comes_last_and_counts_as_it_is_shown(world: World) -> None:
    await world.publish("sewing", "Nähkurs", topics=["leisure-and-sport"])
    await world.publish("german", "Deutschkurs", topics=["german-course"])
    await world.publish("rent", "Hilfe mit dem Vermieter", topics=["housing"])
    answer = await world.search("Deutschkurs", facets=[search_pb2.FACET_FIELD_KIND])
    assert ids(answer) == ["german", "sewing"]
    assert answer.total_size == sum(one.count for one in answer.facets[0].values) == 2
    assert list(answer.hits[1].automatic_topics) == []


async def test_language_names_in_the_question_are_suggested_as_a_filter_and_never_applied(world: World) -> None:
    await world.publish("a", "Deutschkurs")
    answer = await world.search("Deutschkurs auf Ukrainisch")
    assert "a" in ids(answer)
    assert answer.understanding.suggested_consultation_languages == ["uk"]
