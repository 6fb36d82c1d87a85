"""Owns how records are numbered: rising ids for public records, random ones where time must not show."""

from collections.abc import Callable
from uuid import UUID, uuid4

from uuid_utils.compat import uuid7

NewId = Callable[[], UUID]
"""Makes a fresh id at each call."""


def new_record_id() -> UUID:
    """Make an id that rises with time (UUID version 7): rows stay in insertion order on disk."""
    return UUID(int=uuid7().int)


def new_case_id() -> UUID:
    """Make an id that tells nothing (UUID version 4): a case's id must not show when it was opened."""
    return uuid4()
