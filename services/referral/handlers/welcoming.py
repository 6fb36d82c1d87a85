"""Owns how a request becomes a referral at the target: its log is checked, and DELIVERED is the target's first word."""

from services.common.errors import LotseError
from services.common.names import parse_name
from services.referral.domain.letters import FORBIDDEN, OFFER_UNKNOWN, Request
from services.referral.domain.log import LogLine, fits_behind, head_of, state_of
from services.referral.domain.referral import Referral
from services.referral.domain.transitions import SYSTEM, Action
from services.referral.domain.values import Side, State
from services.referral.handlers.deciding import announce
from services.referral.handlers.logbook import save, write
from services.referral.ports import Work


async def welcome(work: Work, sender: str, referral_id: str, request: Request) -> str:
    """Take a request in; gives the refusal, "" when it was taken."""
    lines = _checked_log(work, sender, referral_id, request)
    if not lines or state_of(lines) is not State.SUBMITTED:
        return FORBIDDEN
    if not _is_ours(work, request.offer):
        return OFFER_UNKNOWN
    for line in lines:
        await work.store.append(line)
    head = head_of(lines)
    asked = Referral(
        id=referral_id,
        side=Side.TARGET,
        source_region=sender,
        target_region=work.region,
        offer=request.offer,
        create_time=work.moment,
        update_time=work.moment,
        state=State.SUBMITTED,
        preview=request.preview,
        peer_version=head.version,
        peer_hash=head.hash,
    )
    referral, line = await write(work, asked, Action.DELIVER, SYSTEM)
    await save(work, await announce(work, referral, line))
    return ""


def _checked_log(work: Work, sender: str, referral_id: str, request: Request) -> list[LogLine]:
    """Give the source's entries, each signed by it and following from the one before; none when one is not."""
    lines: list[LogLine] = []
    for signed in request.log:
        entry = work.scribe.read(signed, sender, work.moment)
        if entry is None or not fits_behind(entry, lines, referral_id, sender, work.region):
            return []
        lines.append(LogLine(entry, signed, work.moment))
    return lines


def _is_ours(work: Work, offer: str) -> bool:
    try:
        return parse_name(offer, "offers").region == work.region
    except LotseError:
        return False
