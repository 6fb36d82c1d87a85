"""Chinese as it is written in Taiwan and Hong Kong, and as it is in the labels."""

from opencc import OpenCC

_ALL = "".join(map(chr, range(0x3400, 0xA000)))
"""CJK ideographs of the basic plane: Unicode's extension A and the main block."""


def simplified() -> dict[int, str]:
    """Map traditional characters to simplified ones, for `str.translate`; twice changes nothing more. Rare ones whose
    simplified form lies beyond the basic plane stay as they are.

    Each by itself, whatever stands beside it, so that a part of a text becomes a part of what the whole becomes.
    """
    plain = OpenCC("t2s").convert("\n".join(_ALL)).split("\n")
    changed = {old: new for old, new in zip(_ALL, plain, strict=True) if old != new and new in _ALL}
    return {ord(old): changed.get(new, new) for old, new in changed.items()}
