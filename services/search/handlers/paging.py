"""Guarantees pages without repeats or holes: a token carries the order in which the first page ranked the offers."""

import json
import zlib
from dataclasses import dataclass

MOST_TOKEN_BYTES = 11_500
"""Payload of a token: with signature and base64 it stays below the 16,384 characters that a request may hold."""


@dataclass(frozen=True, slots=True)
class Rest:
    """What is still to be shown of a ranking."""

    ids: tuple[str, ...]
    total: int
    total_is_lower_bound: bool
    fuzzy: bool
    """True: the ranking forgave misspelt words, so later pages explain their hits likewise."""

    def after(self, count: int) -> "Rest":
        """Leave out the next ones."""
        return Rest(self.ids[count:], self.total, self.total_is_lower_bound, self.fuzzy)


def pack(rest: Rest) -> bytes:
    """Write it small; ranks that would not fit are left out at the end."""
    ids = rest.ids
    while True:
        fields = [rest.total, rest.total_is_lower_bound, rest.fuzzy, "\n".join(ids)]
        packed = zlib.compress(json.dumps(fields).encode(), level=1)
        if len(packed) <= MOST_TOKEN_BYTES:
            return packed
        ids = ids[: len(ids) * 3 // 4]


def unpack(packed: bytes) -> Rest:
    """Read what `pack` wrote; only ever called with bytes that we signed."""
    total, lower, fuzzy, ids = json.loads(zlib.decompress(packed))
    return Rest(tuple(ids.split("\n")), total, total_is_lower_bound=lower, fuzzy=fuzzy)
