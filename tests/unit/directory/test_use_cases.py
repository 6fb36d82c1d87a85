"""The use cases over a store in memory: references, circles, what is sent, what is refused."""

from dataclasses import replace
from typing import Any

import pytest

from services.common.errors import CheckTheName, ChooseAnother, CorrectTheRequest, LotseError, MendTheState, ReadAgain
from services.directory.domain.changes import etag_of
from services.directory.domain.enums import OfferState, ReviewRhythm
from services.directory.domain.offer import Offer, OfferSite, Prerequisite
from services.directory.domain.values import ContactPoint
from services.directory.handlers import offers, records
from services.directory.handlers.kinds import OFFERS
from tests.unit.directory.desk import Desk
from tests.unit.directory.records import MAILBOX, MOMENT, a_partner, a_site, an_offer

pytestmark = pytest.mark.asyncio(loop_scope="session")


def paths(refusal: pytest.ExceptionInfo[Any]) -> list[str]:
    error: LotseError = refusal.value
    return [violation.path for violation in error.fields]


def name(collection: str, record_id: str) -> str:
    return f"regions/dresden/{collection}/{record_id}"


async def test_the_server_alone_sets_name_times_state_and_counters() -> None:
    desk = Desk()
    await desk.create(a_partner(), "zentrum")
    await desk.create(a_site(), "altmarkt")
    forged = an_offer(
        name="regions/leipzig/offers/x", uid="mine", revision=9, state=OfferState.PUBLISHED, confirm_time=MOMENT
    )
    made = await desk.create(forged, "erstberatung")
    assert (made.name, made.revision, made.state) == (name("offers", "erstberatung"), 1, OfferState.DRAFT)
    assert made.uid != "mine"
    assert made.confirm_time is None
    assert made.create_time == made.update_time == desk.moment


async def test_without_an_id_the_server_makes_one_that_rises() -> None:
    desk = Desk()
    first, second = await desk.create(a_partner(), ""), await desk.create(a_partner(), "")
    assert first.id == first.uid
    assert first.id < second.id
    assert first.id[14] == "7"


@pytest.mark.parametrize("record_id", ["new", "root", "hub", "node", "bucket", "search", "head"])
async def test_a_reserved_id_is_refused(record_id: str) -> None:
    with pytest.raises(CorrectTheRequest, match="INVALID_FIELD") as refusal:
        await Desk().create(a_partner(), record_id)
    assert paths(refusal) == ["partner_id"]


async def test_an_id_is_taken_also_by_a_deleted_record() -> None:
    desk = Desk()
    partner = await desk.create(a_partner(), "zentrum")
    for _ in range(2):
        with pytest.raises(ChooseAnother, match="RESOURCE_EXISTS"):
            await desk.create(a_partner(), "zentrum")
        if partner.delete_time is None:
            partner = await desk.delete(partner)


async def test_references_must_be_there_live_and_of_this_region() -> None:
    desk = Desk()
    with pytest.raises(MendTheState, match="REFERENCE_NOT_FOUND") as refusal:
        await desk.create(an_offer(), "a")
    assert paths(refusal) == ["offer.partner", "offer.sites[0].site"]
    partner = await desk.create(a_partner(), "zentrum")
    await desk.delete(partner)
    with pytest.raises(MendTheState, match="REFERENCE_NOT_FOUND") as refusal:
        await desk.create(a_site(), "altmarkt")
    assert paths(refusal) == ["site.partner"]
    foreign = an_offer(partner="regions/leipzig/partners/a", sites=(OfferSite(site="regions/leipzig/sites/a"),))
    with pytest.raises(CorrectTheRequest, match="INVALID_FIELD") as foreign_names:
        await desk.create(foreign, "a")
    assert paths(foreign_names) == ["offer.partner", "offer.sites[0].site"]


async def test_parents_form_no_circle() -> None:
    desk = Desk()
    top = await desk.create(a_partner(), "top")
    middle = await desk.create(a_partner(parent=top.name), "middle")
    low = await desk.create(a_partner(parent=middle.name), "low")
    for parent in (top, middle, low):
        with pytest.raises(MendTheState, match="REFERENCE_CYCLE") as refusal:
            await desk.update(top, parent=parent.name)
        assert paths(refusal) == ["partner.parent"]
    with pytest.raises(MendTheState, match="REFERENCE_NOT_FOUND"):
        await desk.update(low, parent=name("partners", "missing"))
    state = "regions/sachsen/partners/state"
    assert (await desk.update(top, parent=state)).parent == state


async def test_prerequisites_form_no_circle_also_over_deleted_offers() -> None:
    desk = Desk()
    await desk.open_house()
    first = await desk.create(an_offer(), "first")
    second = await desk.create(an_offer(prerequisites=(Prerequisite(offer=first.name),)), "second")
    foreign = Prerequisite(offer="regions/leipzig/offers/first")
    await desk.create(an_offer(prerequisites=(Prerequisite(offer=second.name), foreign)), "third")
    await desk.delete(second)
    for circle in ("first", "second", "third"):
        with pytest.raises(MendTheState, match="REFERENCE_CYCLE") as refusal:
            await desk.update(first, prerequisites=(Prerequisite(offer=name("offers", circle)),))
        assert paths(refusal) == ["offer.prerequisites"]


async def test_drafts_are_told_to_nobody() -> None:
    desk = Desk()
    await desk.create(a_partner(), "zentrum")
    await desk.create(a_site(), "altmarkt")
    draft = await desk.create(an_offer(), "entwurf")
    draft = await desk.update(draft, topics=("language",))
    draft = await desk.undelete(await desk.delete(draft))
    await desk.delete(draft)
    assert desk.sent("offer") == []


async def test_a_partner_is_told_with_its_live_sites() -> None:
    desk = Desk()
    partner = await desk.create(a_partner(), "zentrum")
    site = await desk.create(a_site(), "altmarkt")
    other = await desk.create(a_site(), "neustadt")
    await desk.delete(other)
    await desk.update(partner, display_name="Neuer Name")
    entries = desk.sent("partner")
    assert [len(entry.sites) for entry in entries] == [0, 1, 2, 1, 1]
    assert entries[-1].partner.display_name == "Neuer Name"
    assert entries[-1].sites[0].name == site.name


async def test_a_partners_change_sends_the_entries_of_all_its_public_offers() -> None:
    desk = Desk()
    partner, _, offer = await desk.open_house()
    await desk.create(an_offer(), "entwurf")
    paused = await desk.publish(await desk.create(an_offer(), "pause"))
    await desk.do(offers.pause_offer, paused.id, etag_of(paused))
    before = len(desk.sent("offer"))
    await desk.update(partner, display_name="Neuer Name")
    entries = desk.sent("offer")[before:]
    assert [entry.offer.name for entry in entries] == [offer.name, paused.name]
    assert {entry.partner.display_name for entry in entries} == {"Neuer Name"}
    assert {entry.offer.revision for entry in entries} == {2, 3}, "the offers themselves have not changed"


async def test_a_sites_change_sends_partner_and_offers_given_there() -> None:
    desk = Desk()
    _, site, offer = await desk.open_house()
    elsewhere = await desk.publish(await desk.create(an_offer(sites=()), "telefon"))
    before = len(desk.sent("offer"))
    await desk.update(site, display_name="Neumarkt")
    entries = desk.sent("offer")[before:]
    assert [entry.offer.name for entry in entries] == [offer.name]
    assert elsewhere.name not in {entry.offer.name for entry in entries}
    assert entries[0].sites[0].display_name == "Neumarkt"
    assert desk.sent("partner")[-1].sites[0].display_name == "Neumarkt"


async def test_a_site_that_moves_is_told_by_both_partners() -> None:
    desk = Desk()
    await desk.create(a_partner(), "zentrum")
    second = await desk.create(a_partner(), "zweiter")
    site = await desk.create(a_site(), "altmarkt")
    before = len(desk.sent("partner"))
    await desk.update(site, partner=second.name)
    told = {entry.partner.name: len(entry.sites) for entry in desk.sent("partner")[before:]}
    assert told == {second.name: 1, name("partners", "zentrum"): 0}


async def test_what_is_in_use_cannot_be_deleted() -> None:
    desk = Desk()
    partner, site, offer = await desk.open_house()
    await desk.create(a_partner(parent=partner.name), "zweig")
    for record, count in ((partner, "3"), (site, "1")):
        with pytest.raises(MendTheState, match="RESOURCE_IN_USE") as refusal:
            await desk.delete(record)
        assert refusal.value.metadata == {"count": count}
    await desk.delete(offer)
    assert (await desk.delete(site)).delete_time is not None


async def test_a_deleted_public_offer_is_withdrawn_and_comes_back_as_it_was() -> None:
    desk = Desk()
    _, _, offer = await desk.open_house()
    gone = await desk.delete(offer)
    assert desk.sent("offer")[-1] is None
    back = await desk.undelete(gone)
    assert back.state is OfferState.PUBLISHED
    assert desk.sent("offer")[-1].offer.name == offer.name
    assert [row.revision for row in desk.store.outbox if row.kind == "offer"] == [1, 2, 3]


async def test_a_record_comes_back_only_to_where_it_belongs() -> None:
    desk = Desk()
    partner, site, offer = await desk.open_house()
    gone_offer, gone_site = await desk.delete(offer), await desk.delete(site)
    with pytest.raises(MendTheState, match="REFERENCE_NOT_FOUND") as refusal:
        await desk.undelete(gone_offer)
    assert paths(refusal) == ["offer.sites[0].site"]
    gone_partner = await desk.delete(partner)
    assert desk.sent("partner")[-1] is None
    with pytest.raises(MendTheState, match="REFERENCE_NOT_FOUND"):
        await desk.undelete(gone_site)
    for record in (gone_partner, gone_site, gone_offer):
        await desk.undelete(record)
    assert desk.sent("offer")[-1].sites[0].name == site.name


async def test_a_public_offer_stays_complete() -> None:
    desk = Desk()
    partner, site, offer = await desk.open_house()
    with pytest.raises(MendTheState, match="NOT_PUBLISHABLE") as refusal:
        await desk.update(offer, topics=(), audiences=())
    assert paths(refusal) == ["offer.topics", "offer.audiences"]
    with pytest.raises(CorrectTheRequest, match="INVALID_FIELD") as unreachable:
        await desk.update(partner, contacts=())
    assert paths(unreachable) == ["partner.contacts"]
    site = await desk.update(site, contacts=(MAILBOX,))
    await desk.update(partner, contacts=())
    with pytest.raises(CorrectTheRequest) as unreachable:
        await desk.update(site, contacts=())
    assert paths(unreachable) == ["site.contacts"]


async def test_an_offer_comes_back_even_when_its_partner_lost_the_contact_meanwhile() -> None:
    desk = Desk()
    partner, _, offer = await desk.open_house()
    gone = await desk.delete(offer)
    partner = await desk.update(partner, contacts=())
    back = await desk.undelete(gone)
    assert (await desk.update(partner, display_name="Neuer Name")).display_name == "Neuer Name"
    with pytest.raises(MendTheState, match="NOT_PUBLISHABLE") as refusal:
        await desk.update(back, topics=("language",))
    assert paths(refusal) == ["offer.contacts"]


async def test_a_new_rhythm_moves_the_review_date() -> None:
    desk = Desk()
    _, _, offer = await desk.open_house()
    after = await desk.update(offer, review_rhythm=ReviewRhythm.MONTHLY)
    assert after.review_due_date < offer.review_due_date
    assert after.confirm_time == offer.confirm_time


async def test_an_update_that_changes_nothing_leaves_no_trace() -> None:
    desk = Desk()
    _, _, offer = await desk.open_house()
    before = len(desk.store.outbox)
    assert await desk.update(offer, topics=offer.topics) == offer
    assert len(desk.store.outbox) == before


async def test_a_stale_etag_a_deleted_and_a_missing_record_are_refused() -> None:
    desk = Desk()
    _, _, offer = await desk.open_house()
    with pytest.raises(ReadAgain, match="ETAG_MISMATCH"):
        await desk.update(replace(offer, revision=1), topics=("language",))
    gone = await desk.delete(offer)
    for attempt in (desk.update(gone, topics=("language",)), desk.delete(gone), desk.publish(gone)):
        with pytest.raises(MendTheState, match="RESOURCE_DELETED"):
            await attempt
    with pytest.raises(CheckTheName, match="RESOURCE_NOT_FOUND"):
        await desk.delete(replace(gone, name=name("offers", "missing")))
    with pytest.raises(CorrectTheRequest, match="INVALID_FIELD"):
        await desk.do(records.update, OFFERS, gone, "", {"topics"}, "offer")


async def test_history_tells_what_by_which_role_and_names_nobody() -> None:
    desk = Desk()
    _, _, offer = await desk.open_house()
    named = ContactPoint(email="a@example.org", person_name="A. Beispiel", person_consent_time=MOMENT)
    offer = await desk.update(offer, contacts=(named,))
    await desk.delete(offer)
    async with desk.store.reading() as reading:
        found, rest = await offers.list_revisions(reading, offer.id, None, 3)
        first, end = await offers.list_revisions(reading, offer.id, rest, 3)
    assert [change.action.value for change in [*found, *first]] == ["delete", "update", "publish", "create"]
    assert end is None
    assert found[1].changed_fields == ("contacts",)
    assert found[2].changed_fields == ("confirm_time", "review_due_date", "state")
    assert {change.author_role for change in found} == {"editor"}
    kept = found[1].snapshot
    assert isinstance(kept, Offer)
    assert kept.contacts == (ContactPoint(email="a@example.org"),)


async def test_a_batch_is_all_or_nothing_and_names_every_fault() -> None:
    desk = Desk()
    await desk.create(a_partner(), "zentrum")
    await desk.create(a_site(), "altmarkt")
    wrong = an_offer(texts=(an_offer().texts[0],) * 2)
    with pytest.raises(CorrectTheRequest) as refusal:
        await desk.do(offers.create_offers, [("a", wrong), ("b", an_offer()), ("head", wrong)])
    faults = ["requests[0].offer.texts[1]", "requests[2].offer_id", "requests[2].offer.texts[1]"]
    assert paths(refusal) == faults
    with pytest.raises(ChooseAnother, match="RESOURCE_EXISTS") as taken:
        await desk.do(offers.create_offers, [("a", an_offer()), ("a", an_offer())])
    assert paths(taken) == ["requests[1].offer_id"]
    later = an_offer(prerequisites=(Prerequisite(offer=name("offers", "a")),))
    made = await desk.do(offers.create_offers, [("a", an_offer()), ("b", later), ("", an_offer())])
    assert [one.revision for one in made] == [1, 1, 1]
