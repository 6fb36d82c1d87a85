"""Guarantees that the federation hears of every change that the public can see, in the change's own transaction.

Entries are whole: an offer's holds its partner and sites, so a change of those sends the offers' entries again. Drafts
are nobody else's business; paused and ended offers stay public, and readers hide them.
"""

from collections.abc import Iterable

from services.directory.domain.changes import refuse_faults
from services.directory.domain.offer import Offer
from services.directory.domain.publishing import is_reachable
from services.directory.domain.records import Partner, Site
from services.directory.handlers.references import related
from services.directory.ports import Work


async def publish_offer(work: Work, offer: Offer) -> None:
    """Send what the public may know of an offer: its entry, or that it is gone, or nothing for a draft."""
    if offer.delete_time is not None:
        await work.store.withdraw(Offer, offer.id, work.moment)
    elif offer.public:
        partner, sites = await related(work, offer)
        await work.store.publish_offer(offer, partner, sites, work.moment)


async def publish_partner(work: Work, name: str) -> None:
    """Send a partner's entry with its live sites, or that it is gone."""
    partner = await work.store.find(Partner, name.rpartition("/")[2])
    if partner is None:
        return
    if partner.delete_time is not None:
        await work.store.withdraw(Partner, partner.id, work.moment)
    else:
        sites = await work.store.live(Site, partner=partner.name)
        await work.store.publish_partner(partner, sites, work.moment)


async def republish_offers(work: Work, offers: Iterable[Offer], path: str, *, lost_contacts: bool) -> None:
    """Send the entries of offers whose partner or site has changed.

    When that one has lost its contacts, raises INVALID_FIELD for `path`.contacts if an offer had no others.
    """
    for offer in offers:
        if not offer.public:
            continue
        partner, sites = await related(work, offer)
        if lost_contacts and not is_reachable(offer, partner, sites):
            refuse_faults([(f"{path}.contacts", "public offers can be reached only by these contacts")])
        await work.store.publish_offer(offer, partner, sites, work.moment)
