"""The scan for leaked words finds each form that it promises to find: whoever trusts its silence can look here."""

import base64
import gzip
import zlib
from pathlib import Path

import pytest

from tests.support.canaries import MOST_UNPACKED, Scan

WORD = "Kanarienvogel"
PLAIN = WORD.encode()
FORMS = {
    "plain": PLAIN,
    "utf-16-le": WORD.encode("utf-16-le"),
    "utf-16-be": WORD.encode("utf-16-be"),
    **{f"base64 at {shift}": base64.b64encode(b"x" * shift + PLAIN + b"yz") for shift in range(3)},
    "deflated by itself": zlib.compress(PLAIN, wbits=-15),
    "gzip of the word": gzip.compress(PLAIN),
    "gzip among others": gzip.compress(b"in front " * 99 + PLAIN + b" behind" * 99),
    "gzip, stored only": gzip.compress(PLAIN, compresslevel=0),
    "gzip of base64": gzip.compress(base64.b64encode(b"x" + PLAIN + b"yz")),
    "gzip in gzip": gzip.compress(gzip.compress(b"no " + PLAIN)),
    "gzip that was cut off": gzip.compress(PLAIN * 3 + bytes(range(256)) * 9)[:-40],
    "second gzip member": gzip.compress(b"nothing") + gzip.compress(b"no " + PLAIN),
    "zlib": zlib.compress(b"in front " + PLAIN),
    "zlib in utf-16": zlib.compress(WORD.encode("utf-16-le")),
    "broken up by control bytes": b"\x00Kana\x00rienvoge\x00l",
}


@pytest.mark.parametrize("form", FORMS)
def test_each_form_is_found_wherever_it_stands(form: str, tmp_path: Path) -> None:
    scan = Scan(["Zeisigweg", WORD])
    file = tmp_path / "deep" / "file"
    file.parent.mkdir()
    for before, behind in ((b"", b""), (b"\x1f\x8b\x08 \x78\x9c no stream ", bytes(70_000))):
        file.write_bytes(before + FORMS[form] + behind)
        assert scan.files(tmp_path) == [file]


def test_what_is_almost_the_word_is_not_found(tmp_path: Path) -> None:
    near = b"Kanarienvogl Kanarien-vogel "
    (tmp_path / "file").write_bytes(near + gzip.compress(near) + base64.b64encode(near) + b"\x1f\x8b\x08\x00")
    assert Scan([WORD]).files(tmp_path) == []


def test_a_bomb_is_unpacked_only_so_far() -> None:
    bomb = gzip.compress(bytes(4 * MOST_UNPACKED))
    assert len(bomb) < MOST_UNPACKED // 100
    assert not Scan([WORD]).finds(bomb)
    assert Scan([WORD]).finds(bomb + PLAIN)
