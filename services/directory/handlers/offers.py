"""Owns the use cases that only offers have: the steps of their life, their history, and several at once."""

from collections.abc import Sequence
from itertools import chain

from services.common.clock import today_in_saxony
from services.directory.domain.changes import Revision, next_revision, refuse_faults, refuse_unpublishable
from services.directory.domain.lifecycle import Action, step
from services.directory.domain.offer import Offer
from services.directory.domain.publishing import missing_for_public, over_before_it_begins
from services.directory.handlers.kinds import OFFERS
from services.directory.handlers.records import add, all_faults, begun, get, open_for_change, save
from services.directory.handlers.references import related
from services.directory.ports import Reading, Work


async def publish_offer(work: Work, offer_id: str, etag: str) -> Offer:
    """Make a draft or paused offer public; raises STATE_NOT_ALLOWED, NOT_PUBLISHABLE with everything missing."""
    current = await open_for_change(work, OFFERS, offer_id, etag)
    after = step(current, Action.PUBLISH, work.moment)
    partner, sites = await related(work, after)
    missing = missing_for_public(after, partner, sites)
    refuse_unpublishable(chain(missing, over_before_it_begins(after, today_in_saxony(work.moment))))
    return await save(work, OFFERS, current, next_revision(after, work.moment), Action.PUBLISH)


async def pause_offer(work: Work, offer_id: str, etag: str) -> Offer:
    """Take a published offer out of the search for a while; raises STATE_NOT_ALLOWED."""
    return await _step(work, offer_id, etag, Action.PAUSE)


async def end_offer(work: Work, offer_id: str, etag: str) -> Offer:
    """End an offer for good; raises STATE_NOT_ALLOWED."""
    return await _step(work, offer_id, etag, Action.END)


async def confirm_offer(work: Work, offer_id: str, etag: str) -> Offer:
    """Say that all of an offer still holds, which moves its review date; raises STATE_NOT_ALLOWED."""
    return await _step(work, offer_id, etag, Action.CONFIRM)


async def create_offers(work: Work, drafts: Sequence[tuple[str, Offer]]) -> list[Offer]:
    """Create offers from (id, draft), all or none; later ones may require earlier ones.

    Paths in errors begin with "requests[i].". Raises INVALID_FIELD over all of them at once, then as `create`.
    """
    begun_offers = [(begun(work, OFFERS, offer_id, draft), _path(n)) for n, (offer_id, draft) in enumerate(drafts)]
    refuse_faults(chain.from_iterable(all_faults(work, OFFERS, offer, path) for offer, path in begun_offers))
    return [await add(work, OFFERS, offer, path) for offer, path in begun_offers]


async def list_revisions(
    store: Reading, offer_id: str, before: int | None, size: int
) -> tuple[list[Revision], int | None]:
    """Give an offer's changes, newest first, and where to go on; raises RESOURCE_NOT_FOUND."""
    await get(store, OFFERS, offer_id)
    found = await store.revisions(Offer, offer_id, before=before, size=size + 1)
    shown = found[:size]
    return shown, shown[-1].revision if len(found) > size else None


async def _step(work: Work, offer_id: str, etag: str, action: Action) -> Offer:
    current = await open_for_change(work, OFFERS, offer_id, etag)
    after = next_revision(step(current, action, work.moment), work.moment)
    return await save(work, OFFERS, current, after, action)


def _path(place: int) -> str:
    return f"requests[{place}].offer"
