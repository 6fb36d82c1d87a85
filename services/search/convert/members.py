"""From the signed member list to what the search service needs of it."""

from lotse.federation.v1.envelope_pb2 import MEMBER_STATE_ACTIVE
from services.common.messaging.members import Members
from services.search.domain.coverage import Membership


def memberships(members: Members) -> tuple[Membership, ...]:
    """Give every region that ever took part, sorted."""
    found = ((region, members.get(region)) for region in members.regions())
    return tuple(
        Membership(region, member.display_name, member.state == MEMBER_STATE_ACTIVE)
        for region, member in found
        if member is not None
    )
