"""Guarantees that a word is found in whatever form it could stand in somebody's files, packed ones too.

Forms: plain, UTF-16 both ways, base64 at each of its three offsets, deflated by itself, and broken up by the control
bytes of PostgreSQL's own compression. Besides, every gzip and zlib stream in a file is unpacked and searched, and what
is packed in there. What is not found: a word in a raw deflate stream among others, or encrypted (that is the point).
"""

import base64
import re
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

MOST_UNPACKED = 8 * 1024 * 1024
"""Bytes taken out of one stream: a store of the tests is smaller, and a bomb must not stop the scan."""
DEEPEST = 3
_GZIP = b"\x1f\x8b\x08"
_PACKED = re.compile(rb"\x1f\x8b\x08|\x78[\x01\x5e\x9c\xda]")
_GLUED = 8
"""PostgreSQL's compression puts a control byte before each eight literals."""


class Scan:
    """Looks for words in bytes, files and folders."""

    def __init__(self, words: Iterable[str]) -> None:
        words = tuple(words)
        self._forms = [form for word in words for form in spellings(word)]
        self._broken = re.compile(b"|".join(form for word in words for form in _broken_up(word.encode())), re.DOTALL)

    def finds(self, content: bytes, depth: int = 0) -> bool:
        """Say whether one of the words stands there, in any form."""
        if any(form in content for form in self._forms) or self._broken.search(content):
            return True
        return depth < DEEPEST and any(self.finds(unpacked, depth + 1) for unpacked in streams_in(content))

    def files(self, folder: Path) -> list[Path]:
        """Name every file below a folder in which one of the words stands."""
        return [path for path in sorted(folder.rglob("*")) if path.is_file() and self.finds(content_of(path))]


def spellings(word: str) -> list[bytes]:
    """Give how a word could stand in a file as it is."""
    plain = word.encode()
    found = [plain, word.encode("utf-16-le"), word.encode("utf-16-be")]
    for shift in range(3):
        encoded = base64.b64encode(b"x" * shift + plain)
        found.append(encoded[4 if shift else 0 : -(-len(encoded) // 4) * 4 - 4])
    # Between the first byte, which says whether a block is the last, and the last, which it shares with what follows.
    deflated = {zlib.compress(plain, level, wbits=-15)[1:-2] for level in (1, 6, 9)}
    return found + sorted(deflated)


def streams_in(content: bytes) -> Iterator[bytes]:
    """Unpack every gzip and zlib stream that begins anywhere; a broken one gives what comes before the break."""
    for start in _PACKED.finditer(content):
        wbits = 31 if start.group() == _GZIP else 15
        unpacked = _unpacked(memoryview(content)[start.start() :], wbits)
        if unpacked:
            yield unpacked


def content_of(path: Path) -> bytes:
    """Read a file; one that its owner has just removed holds nothing any more."""
    with suppress(FileNotFoundError):
        return path.read_bytes()
    return b""


def _unpacked(packed: memoryview, wbits: int) -> bytes:
    stream, found = zlib.decompressobj(wbits=wbits), bytearray()
    piece: bytes | memoryview = packed[:4096]  # most that look like a stream are none: that shows within some bytes
    rest = packed[4096:]
    with suppress(zlib.error):
        while piece and not stream.eof and len(found) < MOST_UNPACKED:
            found += stream.decompress(piece, MOST_UNPACKED - len(found))
            piece, rest = rest[:65_536], rest[65_536:]
    return bytes(found)


def _broken_up(plain: bytes) -> Iterator[bytes]:
    """Give patterns for the word with a control byte before each eighth of its own, wherever that count begins."""
    for first in range(1, min(_GLUED, len(plain) - 1) + 1):
        parts = [plain[start : start + _GLUED] for start in range(first, len(plain), _GLUED)]
        yield re.escape(plain[:first]) + b"".join(_control(len(part)) + re.escape(part) for part in parts)


def _control(literals: int) -> bytes:
    """Give a pattern for a control byte: one bit for each item behind it, lowest first, 0 for a literal."""
    return b"[" + b"".join(b"\\x%02x" % byte for byte in range(0, 256, 1 << literals)) + b"]"
