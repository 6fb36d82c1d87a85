"""Etags, masks, differences, and what history leaves out."""

from dataclasses import fields, replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.common.errors import CorrectTheRequest, MendTheState, ReadAgain
from services.directory.domain import changes
from services.directory.domain.changes import OUTPUT_ONLY, etag_of, masked_fields, merged, writable_fields
from services.directory.domain.enums import OfferState
from services.directory.domain.offer import Offer, OfferSite
from services.directory.domain.records import Partner, Site
from services.directory.domain.values import ContactPoint
from tests.unit.directory.records import MAILBOX, MOMENT, a_partner, an_offer

WRITABLE = sorted(writable_fields(Offer))
EVERYTHING = sorted(field.name for field in fields(Offer))


def test_an_etag_names_the_version_and_not_the_content() -> None:
    offer = an_offer()
    assert etag_of(replace(offer, topics=("other",))) == etag_of(offer)
    assert etag_of(replace(offer, revision=2)) != etag_of(offer)
    assert etag_of(replace(offer, uid="other")) != etag_of(offer)
    assert len(etag_of(offer)) <= 64


@given(st.sets(st.sampled_from(EVERYTHING)))
def test_without_a_mask_all_populated_fields_that_can_be_written_are_taken(populated: set[str]) -> None:
    assert masked_fields(Offer, [], populated) == populated & set(WRITABLE)


@given(st.lists(st.sampled_from(WRITABLE), min_size=1), st.sets(st.sampled_from(EVERYTHING)))
def test_a_mask_names_exactly_what_is_taken(paths: list[str], populated: set[str]) -> None:
    assert masked_fields(Offer, paths, populated) == set(paths)


@given(st.lists(st.sampled_from(WRITABLE)), st.text().filter(lambda path: path not in WRITABLE and path != "*"))
def test_a_path_that_is_no_writable_field_is_refused(paths: list[str], other: str) -> None:
    with pytest.raises(CorrectTheRequest) as refusal:
        masked_fields(Offer, [*paths, other], [])
    assert [violation.path for violation in refusal.value.fields] == ["update_mask"]


@pytest.mark.parametrize("path", [*sorted(OUTPUT_ONLY), "name", "etag", "texts.title", "texts[0]", "Topics", ""])
def test_output_only_nested_and_unknown_paths_are_refused(path: str) -> None:
    with pytest.raises(CorrectTheRequest, match="INVALID_FIELD"):
        masked_fields(Offer, [path], [])


def test_a_star_stands_alone_and_means_everything() -> None:
    assert masked_fields(Offer, ["*"], []) == set(WRITABLE)
    with pytest.raises(CorrectTheRequest):
        masked_fields(Offer, ["*", "topics"], [])


@given(st.sets(st.sampled_from(WRITABLE)))
def test_a_merge_takes_the_named_fields_and_no_other(names: set[str]) -> None:
    current, change = an_offer(), Offer(valid_until=date(2030, 1, 1))
    after = merged(current, change, names)
    for field in fields(Offer):
        source = change if field.name in names else current
        assert getattr(after, field.name) == getattr(source, field.name)


def test_lists_are_replaced_and_not_appended() -> None:
    assert merged(an_offer(topics=("a", "b")), an_offer(topics=("c",)), {"topics"}).topics == ("c",)


def test_differences_are_named_sorted_and_without_counters() -> None:
    before = an_offer()
    after = changes.next_revision(replace(before, topics=("x",), audiences=()), MOMENT)
    assert changes.changed_fields(before, after) == ("audiences", "topics")
    assert "revision" not in changes.changed_fields(None, after)
    assert "topics" in changes.changed_fields(None, after)


def test_a_deleted_record_can_come_back_as_it_was_for_thirty_days() -> None:
    before = an_offer(state=OfferState.PAUSED)
    gone = changes.deleted(before, MOMENT)
    assert gone.purge_time is not None
    assert gone.delete_time is not None
    assert (gone.purge_time - gone.delete_time).days == 30
    back = changes.undeleted(gone, MOMENT)
    assert replace(back, revision=before.revision, update_time=before.update_time) == before
    with pytest.raises(MendTheState, match="RESOURCE_NOT_DELETED"):
        changes.undeleted(back, MOMENT)


def test_a_deleted_record_and_a_stale_etag_are_refused() -> None:
    with pytest.raises(MendTheState, match="RESOURCE_DELETED"):
        changes.require_live(changes.deleted(an_offer(), MOMENT))
    with pytest.raises(ReadAgain, match="ETAG_MISMATCH"):
        changes.require_etag(an_offer(), "stale")


def test_history_names_no_person() -> None:
    named = ContactPoint(email="a@example.org", person_name="A. Beispiel", person_consent_time=MOMENT)
    offer = an_offer(contacts=(named,), sites=(OfferSite(site="regions/dresden/sites/a", contacts=(named,)),))
    kept = changes.without_people(offer)
    assert kept.contacts == kept.sites[0].contacts == (ContactPoint(email="a@example.org"),)
    assert changes.without_people(a_partner(contacts=(named, MAILBOX))).contacts[1] == MAILBOX
    assert changes.without_people(Site(contacts=(named,))).contacts[0].person_name == ""


def test_only_the_server_sets_what_a_caller_must_not() -> None:
    for kind in (Partner, Site, Offer):
        assert not writable_fields(kind) & (OUTPUT_ONLY | {"name"})
