"""From a public entry to a document, and to the lines of a bulk request."""

import base64
import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lotse.directory.v1.directory_events_pb2 import OfferEntry
from services.common.names import RegionId
from services.search.adapters.mapping import PROPERTIES
from services.search.adapters.sources import bulk_lines
from services.search.convert.entries import BodyInvalid, document_of, read_offer_entry, topic_text
from services.search.domain.offers import (
    CLEAR_TOPIC,
    FIRST_DAY,
    LAST_DAY,
    AutomaticTopic,
    IndexChange,
    OfferDocument,
    OfferKey,
)
from services.search.understanding.fold import fold
from tests.integration.search.offers import START, entry, text

KEY = OfferKey(RegionId("dresden"), "a")


def document(made: OfferEntry, topics: tuple[AutomaticTopic, ...] = ()) -> OfferDocument:
    return document_of(KEY, made, made.SerializeToString(), topics)


def lines(change: IndexChange) -> tuple[Any, Any]:
    action, source, end = bulk_lines(change).split(b"\n")
    assert end == b""
    return json.loads(action)["index"], json.loads(source)


def test_a_document_has_only_fields_of_the_mapping_and_the_whole_entry() -> None:
    made = entry("a", "Titel", valid_until={"year": 2027, "month": 1, "day": 31})
    action, source = lines(IndexChange(KEY, 2**40 + 5, document(made)))
    assert action == {"_id": "dresden/a", "version": 2**40 + 5, "version_type": "external"}
    assert set(source) <= set(PROPERTIES)
    assert OfferEntry.FromString(base64.b64decode(source["entry"])) == made
    assert (source["valid_from"], source["valid_until"]) == ("1970-01-01", "2027-01-31")
    assert source["location"] == [{"lat": 51.05, "lon": 13.74}]
    assert source["update_time"] == int(START.timestamp() * 1000)


def test_a_deleted_offer_is_a_document_that_says_so_and_nothing_more() -> None:
    action, source = lines(IndexChange(KEY, 7, None))
    assert (action["version"], source["deleted"], source["state"]) == (7, True, "DELETED")
    assert set(source) == {"key", "region", "deleted", "state"}


def test_each_text_stands_in_its_languages_field_and_folded_for_all() -> None:
    made = entry("a", texts=[text("Größe"), text("Розмір", language="uk"), text("Cỡ", language="vi")])
    _, source = lines(IndexChange(KEY, 1, document(made)))
    assert source["title"] == {"de": ["Größe"], "uk": ["Розмір"], "und": ["Cỡ"]}
    assert source["folded_title"] == [fold("Größe"), fold("Розмір"), fold("Cỡ")]
    assert fold("Haus der Hilfe") in source["folded"]


@given(st.text(max_size=200))
def test_any_title_makes_a_document_without_marks_of_ours(title: str) -> None:
    made = entry("a")
    made.offer.texts[0].title = title.encode("utf-8", "ignore").decode()
    _, source = lines(IndexChange(KEY, 1, document(made)))
    shown = "".join(source["title"].get("de", []))
    assert "\ue000" not in shown
    assert "\ue001" not in shown
    assert source["folded_title"][0] == " ".join(map(fold, made.offer.texts[0].title.split()))


def test_missing_days_mean_at_once_without_end_and_no_review() -> None:
    made = document(entry("a"))
    assert (made.valid_from, made.valid_until, made.review_due) == (FIRST_DAY, LAST_DAY, LAST_DAY)


def test_days_and_times_are_read_as_they_are() -> None:
    made = document(entry("a", review_due_date={"year": 2027, "month": 2, "day": 28}))
    assert made.review_due == date(2027, 2, 28)
    assert made.update_time == datetime(2026, 11, 2, 9, tzinfo=UTC)


@pytest.mark.parametrize("day", [{"year": 2027, "month": 2, "day": 30}, {"year": 2027}, {"month": 5, "day": 1}])
def test_a_day_in_no_calendar_is_refused(day: dict[str, int]) -> None:
    with pytest.raises(BodyInvalid):
        document(entry("a", valid_until=day))


def test_topics_of_the_publisher_are_not_repeated_as_automatic() -> None:
    found = AutomaticTopic("recognition", 0.7)
    made = document(entry("a", topics=["housing"]), (found, AutomaticTopic("housing", 0.8)))
    assert (made.topics, made.automatic_topics) == (("housing",), (found,))


def test_a_topic_weighs_whole_when_the_publisher_set_it_and_else_as_sure_as_it_is() -> None:
    found = (AutomaticTopic("recognition", 0.7), AutomaticTopic("housing", 0.8), AutomaticTopic("tax", 0.2))
    _, source = lines(IndexChange(KEY, 1, document(entry("a", topics=["housing"]), found)))
    assert source["topic_weights"] == {"housing": 1.0, "recognition": 0.7, "tax": 0.2}


def test_only_topics_that_are_clear_are_shown_counted_and_filtered_by() -> None:
    found = (AutomaticTopic("recognition", CLEAR_TOPIC), AutomaticTopic("tax", CLEAR_TOPIC - 0.01))
    _, source = lines(IndexChange(KEY, 1, document(entry("a"), found)))
    assert source["automatic_topics"] == ["recognition"]


def test_german_texts_alone_are_taken_apart_and_the_title_stands_by_itself() -> None:
    texts = [text("Wohnungssuche", "Mietvertrag"), text("apartment search", language="en")]
    _, source = lines(IndexChange(KEY, 1, document(entry("a", texts=texts))))
    assert source["parts_title"].split() == ["wohnungssuche", "wohnung", "suche"]
    assert source["parts_text"].split() == ["mietvertrag", "miet", "vertrag"]


def test_languages_of_the_sites_count_too() -> None:
    spoken = {"language_code": "uk", "mode": "LANGUAGE_MODE_SPOKEN"}
    made = entry("a", consultation_languages=[{"language_code": "de", "mode": "LANGUAGE_MODE_SPOKEN"}])
    made.offer.sites[0].consultation_languages.add(language_code="uk", mode=1)
    made.offer.sites[0].consultation_languages.add(language_code="de", mode=1)
    assert document(made).consultation_languages == ("de", "uk")
    assert spoken["language_code"] == "uk"


def test_a_catchment_of_postcodes_only_has_its_sites_districts() -> None:
    ranges = {"postcode_ranges": [{"first": "01067", "last": "01069"}]}
    assert document(entry("a", catchment=ranges)).districts == ("14612",)
    both = {**ranges, "district_codes": ["14627"]}
    assert document(entry("a", catchment=both)).districts == ("14627",)
    assert document(entry("a", scope="OFFER_SCOPE_SAXONY", catchment=None)).districts == ()


def test_topics_are_looked_for_in_the_german_text() -> None:
    made = entry("a", texts=[text("English", language="en"), text("Deutsch", "Kurz", "Lang")])
    assert topic_text(made) == ("Deutsch", "Kurz\nLang", "de")
    assert topic_text(entry("a", texts=[text("English", language="en")])) == ("English", "\n", "en")
    assert topic_text(entry("a", texts=[])) == ("", "", "")


def foreign_names() -> list[tuple[str, OfferEntry]]:
    made = {name: entry("a") for name in ("offer", "owner", "partner", "site")}
    made["offer"].offer.name = "regions/dresden/offers/b"
    made["owner"].offer.partner = "regions/leipzig/partners/p-a"
    made["partner"].partner.name = "regions/leipzig/partners/p-a"
    made["site"].sites[0].name = "regions/leipzig/sites/s-a"
    return list(made.items())


@pytest.mark.parametrize(("part", "made"), foreign_names())
def test_an_entry_with_a_part_of_another_region_or_record_is_refused(part: str, made: OfferEntry) -> None:
    with pytest.raises(BodyInvalid):
        read_offer_entry(made.SerializeToString(), KEY)


def test_an_entry_that_breaks_a_rule_of_its_proto_is_refused() -> None:
    made = entry("a")
    made.offer.topics.append("Not A Topic")
    with pytest.raises(BodyInvalid):
        read_offer_entry(made.SerializeToString(), KEY)


@given(st.binary(max_size=300))
def test_any_bytes_are_an_entry_or_refused(body: bytes) -> None:
    with pytest.raises(BodyInvalid):
        read_offer_entry(body, KEY)


def test_a_valid_entry_is_read_whole() -> None:
    made = entry("a", "Titel")
    assert read_offer_entry(made.SerializeToString(), KEY) == made
