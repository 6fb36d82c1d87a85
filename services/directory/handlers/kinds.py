"""Owns in what partners, sites and offers differ, so that each use case is written once."""

from collections.abc import Iterator
from itertools import chain
from typing import Protocol

from services.directory.domain.changes import AnyRecord, refuse_unpublishable
from services.directory.domain.checks import Fault
from services.directory.domain.lifecycle import with_review
from services.directory.domain.offer import Offer
from services.directory.domain.offer_rules import offer_faults
from services.directory.domain.partner_rules import partner_faults, site_faults
from services.directory.domain.publishing import missing_for_public
from services.directory.domain.records import Partner, Site
from services.directory.handlers.publication import publish_offer, publish_partner, republish_offers
from services.directory.handlers.references import (
    foreign_references,
    refuse_prerequisite_circle,
    related,
    require_parent,
    require_partner,
)
from services.directory.ports import Work


class Kind(Protocol[AnyRecord]):
    """The rules of one kind of record; `path` is how the caller names the record in its request."""

    kind: type[AnyRecord]
    collection: str

    def settled(self, record: AnyRecord) -> AnyRecord:
        """Bring fields that follow from others in line."""

    def faults(self, record: AnyRecord, path: str, work: Work) -> Iterator[Fault]:
        """Find every fault that the record alone shows."""

    async def check(self, work: Work, record: AnyRecord, path: str) -> None:
        """Check what the record points to; raises REFERENCE_NOT_FOUND, REFERENCE_CYCLE."""

    async def complete(self, work: Work, record: AnyRecord, path: str) -> None:
        """Check that the public misses nothing in the record; raises NOT_PUBLISHABLE."""

    async def publish(self, work: Work, before: AnyRecord | None, after: AnyRecord) -> None:
        """Send all entries that the change touches."""

    async def users(self, work: Work, record: AnyRecord) -> int:
        """Count the live records that point to this one."""


class PartnerKind:
    """Partners: their entries carry live sites, and their offers' entries carry them."""

    kind = Partner
    collection = "partners"

    def settled(self, record: Partner) -> Partner:
        """Nothing follows from other fields."""
        return record

    def faults(self, record: Partner, path: str, work: Work) -> Iterator[Fault]:
        """Find every fault that the partner alone shows."""
        return partner_faults(record, path, work.moment)

    async def check(self, work: Work, record: Partner, path: str) -> None:
        """Check the parent."""
        await require_parent(work, record, f"{path}.parent")

    async def complete(self, work: Work, record: Partner, path: str) -> None:
        """The contract's own rules make it complete."""

    async def publish(self, work: Work, before: Partner | None, after: Partner) -> None:
        """Send the partner's entry and those of its offers."""
        await publish_partner(work, after.name)
        offers = await work.store.live(Offer, partner=after.name)
        await republish_offers(work, offers, "partner", lost_contacts=_lost_contacts(before, after))

    async def users(self, work: Work, record: Partner) -> int:
        """Count offers, sites and partners below it."""
        store, name = work.store, record.name
        offers, sites = await store.live(Offer, partner=name), await store.live(Site, partner=name)
        return len(offers) + len(sites) + len(await store.live(Partner, parent=name))


class SiteKind:
    """Sites: they stand in the entries of their partner and of the offers given there."""

    kind = Site
    collection = "sites"

    def settled(self, record: Site) -> Site:
        """Nothing follows from other fields."""
        return record

    def faults(self, record: Site, path: str, work: Work) -> Iterator[Fault]:
        """Find every fault that the site alone shows."""
        foreign = foreign_references(record, [(f"{path}.partner", record.partner)])
        return chain(site_faults(record, path, work.moment), foreign)

    async def check(self, work: Work, record: Site, path: str) -> None:
        """Check the partner."""
        await require_partner(work, record.partner, f"{path}.partner")

    async def complete(self, work: Work, record: Site, path: str) -> None:
        """The contract's own rules make it complete."""

    async def publish(self, work: Work, before: Site | None, after: Site) -> None:
        """Send the entries of its partner, of the partner it moved away from, and of the offers given there."""
        for name in dict.fromkeys([after.partner, after.partner if before is None else before.partner]):
            await publish_partner(work, name)
        offers = await work.store.live(Offer, site=after.name)
        await republish_offers(work, offers, "site", lost_contacts=_lost_contacts(before, after))

    async def users(self, work: Work, record: Site) -> int:
        """Count the offers given there."""
        return len(await work.store.live(Offer, site=record.name))


class OfferKind:
    """Offers: public ones stay complete, and drafts leave the node never."""

    kind = Offer
    collection = "offers"

    def settled(self, record: Offer) -> Offer:
        """The review date follows from rhythm and last confirmation."""
        return with_review(record)

    def faults(self, record: Offer, path: str, work: Work) -> Iterator[Fault]:
        """Find every fault that the offer alone shows."""
        named = [(f"{path}.partner", record.partner)]
        named += [(f"{path}.sites[{place}].site", name) for place, name in enumerate(record.site_names)]
        return chain(offer_faults(record, path, work.moment), foreign_references(record, named))

    async def check(self, work: Work, record: Offer, path: str) -> None:
        """Check partner, sites and prerequisites."""
        await related(work, record, path)
        await refuse_prerequisite_circle(work, record, f"{path}.prerequisites")

    async def complete(self, work: Work, record: Offer, path: str) -> None:
        """Check that a public offer stays complete."""
        if record.public:
            partner, sites = await related(work, record, path)
            refuse_unpublishable(missing_for_public(record, partner, sites, path))

    async def publish(self, work: Work, before: Offer | None, after: Offer) -> None:
        """Send the offer's entry."""
        await publish_offer(work, after)

    async def users(self, work: Work, record: Offer) -> int:
        """Nothing hinders an end: prerequisites may name an offer that is gone."""
        return 0


def _lost_contacts(before: Partner | Site | None, after: Partner | Site) -> bool:
    return before is not None and bool(before.contacts) and not after.contacts


PARTNERS: Kind[Partner] = PartnerKind()
SITES: Kind[Site] = SiteKind()
OFFERS: Kind[Offer] = OfferKind()
