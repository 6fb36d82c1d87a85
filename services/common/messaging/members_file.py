"""Guarantees that a node uses the newest member list it was given, and never an older one again."""

from datetime import datetime
from pathlib import Path

import structlog

from services.common.clock import Clock
from services.common.messaging.members import Members, MembersRefused, load_members

log = structlog.get_logger(__name__)

_Stamp = tuple[int, int, int]


class MembersFile:
    """The signed member list in a file, read again when the file changes.

    The first reading must succeed. Later a file that is missing, not signed by the root key, or of a lower serial
    changes nothing: the last good list stays in use and `refused_since` says since when.
    """

    def __init__(self, path: Path, root_public: bytes, clock: Clock) -> None:
        """Read the file; raises MembersRefused when it is missing or not signed by the root key."""
        self._path = path
        self._root_public = root_public
        self._clock = clock
        self._seen = self._stamp()
        self._members = load_members(path, root_public)
        self.refused_since: datetime | None = None

    def current(self) -> Members:
        """Give the list in force. Costs one look at the file's change time."""
        stamp = self._stamp()
        if stamp != self._seen:
            self._seen = stamp
            self._take()
        return self._members

    def _take(self) -> None:
        try:
            fresh = load_members(self._path, self._root_public)
        except MembersRefused as error:
            self._refuse(str(error))
            return
        if fresh.serial < self._members.serial:
            self._refuse("the serial is lower than the one in use")
            return
        self.refused_since = None
        if fresh.serial != self._members.serial:
            log.info("members.changed", serial=fresh.serial, regions=len(fresh.regions()))
        self._members = fresh

    def _refuse(self, why: str) -> None:
        self.refused_since = self.refused_since or self._clock()
        log.error("members.refused", why=why, serial_in_use=self._members.serial)

    def _stamp(self) -> _Stamp | None:
        try:
            status = self._path.stat()
        except OSError:
            return None
        # The inode too: a file put in place twice within one tick of the clock is still another file.
        return status.st_mtime_ns, status.st_ino, status.st_size
