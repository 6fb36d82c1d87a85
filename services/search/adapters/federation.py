"""Who belongs to the federation and how reading goes, from the signed list and the running readers."""

from collections.abc import Sequence
from datetime import datetime

from services.common.messaging.consumer import CatalogReader
from services.common.messaging.members import Members
from services.common.messaging.members_file import MembersFile
from services.common.names import RegionId
from services.search.convert.members import memberships
from services.search.domain.coverage import Membership, ReaderFacts


class SignedFederation:
    """`ports.Federation` by the signed member list."""

    def __init__(self, members: MembersFile) -> None:
        self._members = members
        self._seen: tuple[Members, tuple[Membership, ...]] | None = None

    def members(self) -> Sequence[Membership]:
        """Give every region that ever took part; worked out once for each issue of the list."""
        current = self._members.current()
        if self._seen is None or self._seen[0] is not current:
            self._seen = current, memberships(current)
        return self._seen[1]


class RunningReaders:
    """`ports.CatalogReading` by the readers of hub and own broker."""

    def __init__(self, own_region: RegionId) -> None:
        self._own_region = own_region
        self.hub: CatalogReader | None = None
        self.own: CatalogReader | None = None

    def facts(self) -> ReaderFacts:
        """Ask both readers how they stand."""
        readers = [reader.state for reader in (self.hub, self.own) if reader is not None]
        own = self.own.state if self.own is not None else None
        heard: dict[str, datetime] = {}
        # The own broker is read to its end: its region is fresh without the hub.
        if own is not None and own.trouble is None and own.last_fetch is not None and own.pending == 0:
            heard[self._own_region] = own.last_fetch
        return ReaderFacts(
            # What waits at the own broker concerns the own region only, which then needs the hub's word.
            messages_wait=self.hub is not None and bool(self.hub.state.pending),
            paused_regions=frozenset(region for state in readers for region in (*state.paused, *state.skipped)),
            heard_directly=heard,
        )
