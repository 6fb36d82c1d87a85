"""Guarantees that every node's starting data loads, keeps the contract and may be published as it stands."""

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from lotse.directory.v1 import offer_pb2, partner_pb2
from services.node.seed import SEED_REGIONS, Seed, SeedError, is_over, load_needs, load_seed, seed_path
from services.node.seed.needs import NEED_LANGUAGES
from services.search.thesaurus import load_thesaurus

INSTITUTIONS = {
    "dresden": {"welcome-center-dresden", "fizu-dresden", "fachkraefteallianz-dresden"},
    "leipzig": {"welcome-center-leipzig", "fizu-leipzig", "schnittstellenmanagement-leipzig"},
    "chemnitz": {"fizu-chemnitz"},
    "zwickau": {"welcome-center-zwickau"},
    "erzgebirge": {"welcome-center-erzgebirge"},
    "mittelsachsen": {
        *("nestbau-zentrale-mittelsachsen", "landkreis-mittelsachsen", "referat-wirtschaftsfoerderung"),
        *("gizef", "fachkraefteallianz-mittelsachsen"),
    },
    "sachsen": {
        *("zefas", "zefas-servicestelle", "arbeitsmarktmentoren", "smwa", "sms", "bundesagentur", "wfs"),
        *("wfs-fachkraefteteam", "ibas", "faire-integration", "qualifizierung-anerkennung", "fizu"),
        *("interkulturelle-schulung", "leitstelle-zuwanderung", "willkommen-in-sachsen"),
    },
}
"""Institutions that the source texts name, by the node that keeps them."""

Record = partner_pb2.Partner | partner_pb2.Site | offer_pb2.Offer

FILM_NUMBER = re.compile(r"\+493023125[0-9]{3}")
"""The German numbers that are set aside for films: nobody is called by our examples."""

GOOD_OFFER = """
partners: [{id: ibas, display_name: IBAS, kind: counselling_body}]
offers: [{id: erstberatung, kind: counselling, partner: ibas, scope: saxony}]
"""


@pytest.fixture(scope="module")
def seeds() -> dict[str, Seed]:
    return {region: load_seed(seed_path(region), region) for region in SEED_REGIONS}


def test_every_institution_of_the_source_texts_is_listed(seeds: dict[str, Seed]) -> None:
    assert {region: {id_ for id_, _ in seed.partners} for region, seed in seeds.items()} == INSTITUTIONS


def test_every_listed_institution_but_two_parents_offers_something(seeds: dict[str, Seed]) -> None:
    giving = {offer.partner for _, _, offer in offers(seeds)}
    named = {f"regions/{region}/partners/{id_}" for region, ids in INSTITUTIONS.items() for id_ in ids}
    assert named - giving == {
        "regions/mittelsachsen/partners/landkreis-mittelsachsen",  # acts through its department
        "regions/sachsen/partners/wfs",  # acts through its team
    }


def test_there_are_enough_different_offers_for_a_directory(seeds: dict[str, Seed]) -> None:
    titles = [offer.texts[0].title for _, _, offer in offers(seeds)]
    descriptions = {text.description for _, _, offer in offers(seeds) for text in offer.texts}
    assert len(titles) >= 70
    assert len(set(titles)) == len(titles)
    assert len(descriptions) == sum(len(offer.texts) for _, _, offer in offers(seeds))


def test_every_offer_is_complete_enough_to_be_published(seeds: dict[str, Seed]) -> None:
    for region, id_, offer in offers(seeds):
        assert not list(missing(offer)), f"{region}/{id_}: {list(missing(offer))}"


def test_every_topic_is_a_concept_of_the_thesaurus(seeds: dict[str, Seed]) -> None:
    used = {topic for _, _, offer in offers(seeds) for topic in offer.topics}
    used |= {topic for seed in seeds.values() for _, partner in seed.partners for topic in partner.topics}
    used |= {step.topic for _, _, offer in offers(seeds) for step in offer.prerequisites if step.topic}
    used |= {need.topic for need in load_needs()}
    assert used <= set(load_thesaurus())


def test_contacts_are_placeholders_that_reach_nobody(seeds: dict[str, Seed]) -> None:
    for seed in seeds.values():
        for contact in (contact for record in records(seed) for contact in record.contacts):
            assert not contact.email or contact.email.endswith(".example")
            assert not contact.phone or FILM_NUMBER.fullmatch(contact.phone)
            assert not contact.url or re.fullmatch(r"https://[a-z0-9.-]+\.example(/.*)?", contact.url)
            assert not contact.person_name


def test_nothing_about_a_real_office_is_made_up(seeds: dict[str, Seed]) -> None:
    """No source text gives hours, streets, postcodes or prices."""
    for seed in seeds.values():
        assert not any(site.HasField("address") or site.HasField("hours") for _, site in seed.sites)
        assert not any(offer.HasField("hours") or offer.cost.HasField("amount") for _, offer in seed.offers)
        assert all(record.provenance for record in records(seed))


def test_a_qualification_measure_needs_a_recognition_procedure_that_has_begun(seeds: dict[str, Seed]) -> None:
    measures = [offer for _, _, offer in offers(seeds) if offer.kind == offer_pb2.OFFER_KIND_QUALIFICATION_MEASURE]
    assert measures
    for offer in measures:
        (step,) = offer.prerequisites
        assert (step.topic, step.state, step.hard) == ("recognition", offer_pb2.PREREQUISITE_STATE_STARTED, True)


def test_ibas_faire_integration_and_the_information_centres_have_three_places_each(seeds: dict[str, Seed]) -> None:
    for partner in ("ibas", "faire-integration", "fizu"):
        name = f"regions/sachsen/partners/{partner}"
        districts = {site.district_code for _, site in seeds["sachsen"].sites if site.partner == name}
        assert districts == {"14511", "14612", "14713"}


def test_the_alliance_of_mittelsachsen_supports_seven_kinds_of_measure(seeds: dict[str, Seed]) -> None:
    kinds = [offer.kind for _, offer in seeds["mittelsachsen"].offers]
    assert kinds.count(offer_pb2.OFFER_KIND_FUNDING) == 7


def test_what_lies_in_the_past_ends_and_the_rest_does_not(seeds: dict[str, Seed]) -> None:
    over = {id_ for _, id_, offer in offers(seeds) if is_over(offer, date(2025, 1, 1))}
    assert over == {
        "fachtagung-international-finden-2024",
        "kirgisistan-pilot",
        "wfs-herbstcampus-usbekistan",
        "wfs-vietnam-gesundheitsmesse",
    }


def test_an_offer_is_over_only_after_its_last_day() -> None:
    (_, offer), *_ = load_seed(seed_path("dresden"), "dresden").offers[-1:]
    assert not is_over(offer, date(2024, 8, 22))
    assert is_over(offer, date(2024, 8, 23))


def test_each_reference_need_can_be_met_by_an_offer_on_its_topic(seeds: dict[str, Seed]) -> None:
    needs = load_needs()
    assert len(needs) == len({need.id for need in needs}) == 30
    for need in needs:
        assert set(need.questions) == set(NEED_LANGUAGES)
        assert all(len(question) > 10 for question in need.questions.values())
        for one in need.expected:
            name = f"regions/{one.region}/partners/{one.partner}"
            topics = {topic for _, offer in seeds[one.region].offers if offer.partner == name for topic in offer.topics}
            assert need.topic in topics, f"{need.id}: {name}"


def test_references_and_enums_are_written_out_and_the_name_is_left_to_the_server(tmp_path: Path) -> None:
    seed = load_seed(written(tmp_path, GOOD_OFFER), "dresden")
    ((id_, offer),) = seed.offers
    assert id_ == "erstberatung"
    assert offer == offer_pb2.Offer(
        kind=offer_pb2.OFFER_KIND_COUNSELLING,
        partner="regions/dresden/partners/ibas",
        scope=offer_pb2.OFFER_SCOPE_SAXONY,
    )


def test_an_import_may_refer_to_records_that_exist_already(tmp_path: Path) -> None:
    path = written(tmp_path, "offers: [{id: a, kind: hotline, partner: ibas, scope: saxony}]")
    assert problems(path) == [("offers/a", "partner")]
    assert len(load_seed(path, "dresden", known=["regions/dresden/partners/ibas"]).offers) == 1


def test_all_problems_of_a_file_are_named_at_once_with_item_and_field(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        """
        partners:
          - {id: ibas, display_name: I, kind: counselling_body}
          - {id: ibas, display_name: Twice, kind: counselling_body}
          - {display_name: Nameless, kind: chamber}
          - {id: node, display_name: Reserved, kind: chamber}
        offers:
          - {id: a, kind: chat, partner: nobody, scope: saxony, colour: red, state: published}
          - {id: b, kind: hotline, partner: ibas, scope: saxony, valid_until: 2024-13-01, topics: arrival}
          - {id: c, kind: hotline, partner: ibas, scope: region, catchment: {district_codes: [14612]}}
          - {id: d, kind: hotline, partner: ibas, scope: saxony, contacts: [{role: Chef}], cost: free}
          - {id: e, kind: hotline, partner: ibas, scope: saxony, capacity: {places_total: viele}}
          - just text
        """,
    )
    assert problems(path) == [
        ("partners/ibas", "display_name"),
        ("partners[1]", "id"),
        ("partners[2]", "id"),
        ("partners[3]", "id"),
        ("offers/a", "state"),
        ("offers/a", "kind"),
        ("offers/a", "partner"),
        ("offers/a", "colour"),
        ("offers/b", "valid_until"),
        ("offers/b", "topics"),
        ("offers/c", "catchment.district_codes[0]"),
        ("offers/d", "cost"),
        ("offers/e", ""),
        ("offers[5]", "id"),
    ]


def test_the_rules_of_the_contract_are_checked_in_nested_messages(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD_OFFER.replace("scope: saxony", "scope: saxony, contacts: [{role: Chef}]"))
    assert problems(path) == [("offers/erstberatung", "contacts[0]")]


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("partners: []\npartners: []", "line 2"),
        ("offers: [{id: a, id: b}]", "line 1"),
        ("services: []", "services"),
        ("offers: {a: b}", "offers"),
        ("- a list", ""),
        ("offers: [", "line 1"),
    ],
)
def test_a_file_of_another_form_is_refused_with_the_place(tmp_path: Path, content: str, named: str) -> None:
    assert problems(written(tmp_path, content)) == [(named, "")]


def offers(seeds: dict[str, Seed]) -> Iterator[tuple[str, str, offer_pb2.Offer]]:
    for region, seed in seeds.items():
        for id_, offer in seed.offers:
            yield region, id_, offer


def records(seed: Seed) -> list[Record]:
    found: list[Record] = [record for _, record in seed.partners]
    return [*found, *(record for _, record in seed.sites), *(record for _, record in seed.offers)]


def missing(offer: offer_pb2.Offer) -> Iterator[str]:
    """Name what the public would miss; the same for every offer of the starting data, so stricter than the service."""
    texts = {text.language_code: text for text in offer.texts}
    german = texts.get("de")
    if german is None or not (german.title and german.summary):
        yield "a German text"
    if not all(200 <= len(text.description) <= 800 for text in texts.values()):
        yield "a description of useful length"
    if not 1 <= len(offer.topics) <= 4:
        yield "one to four topics"
    if not offer.audiences:
        yield "an audience"
    regional = offer.scope == offer_pb2.OFFER_SCOPE_REGION
    if regional != bool(offer.catchment.district_codes):
        yield "a catchment exactly when it is regional"
    if sum(contact.primary for contact in offer.contacts) != 1:
        yield "one primary contact"
    if not offer.HasField("valid_until") and not offer.review_rhythm:
        yield "an end or a rhythm"


def written(folder: Path, content: str) -> Path:
    path = folder / "seed.yaml"
    path.write_text(content, "utf-8")
    return path


def problems(path: Path) -> list[tuple[str, str]]:
    with pytest.raises(SeedError) as caught:
        load_seed(path, "dresden")
    assert {problem.file for problem in caught.value.problems} == {path.name}
    return [(problem.item, problem.field) for problem in caught.value.problems]
