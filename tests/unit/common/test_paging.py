"""Page tokens: ours, of this query, not too old; page sizes within their limits."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.common.errors import CorrectTheRequest
from services.common.paging import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE, PageTokens, page_size_of

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
TOKENS = PageTokens(b"k" * 32, lambda: NOW, timedelta(minutes=10))


def refused(tokens: PageTokens, query: bytes, token: str) -> bool:
    try:
        tokens.read(query, token)
    except CorrectTheRequest as error:
        return error.reason == "PAGE_TOKEN_INVALID"
    return False


@given(st.binary(), st.binary(max_size=500))
def test_what_was_written_is_read_again(query: bytes, payload: bytes) -> None:
    token = TOKENS.write(query, payload)
    assert TOKENS.read(query, token) == payload
    assert set(token) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


@given(st.binary(), st.binary(), st.binary(max_size=50))
def test_a_token_of_another_query_is_refused(query: bytes, other: bytes, payload: bytes) -> None:
    if query != other:
        assert refused(TOKENS, other, TOKENS.write(query, payload))


@given(st.binary(max_size=50), st.data())
def test_a_token_with_one_changed_bit_is_refused(payload: bytes, data: st.DataObject) -> None:
    raw = bytearray(base64.urlsafe_b64decode(TOKENS.write(b"q", payload) + "=="))
    bit = data.draw(st.integers(0, len(raw) * 8 - 1))
    raw[bit // 8] ^= 1 << bit % 8
    assert refused(TOKENS, b"q", base64.urlsafe_b64encode(raw).decode().rstrip("="))


@given(st.text(max_size=300))
def test_any_text_is_refused_without_another_error(text: str) -> None:
    assert refused(TOKENS, b"q", text)


def test_a_token_ends_with_its_lifetime_and_belongs_to_its_secret() -> None:
    token = TOKENS.write(b"q", b"p")
    late = PageTokens(b"k" * 32, lambda: NOW + timedelta(minutes=10), timedelta(minutes=10))
    too_late = PageTokens(b"k" * 32, lambda: NOW + timedelta(minutes=10, seconds=1), timedelta(minutes=10))
    assert late.read(b"q", token) == b"p"
    assert refused(too_late, b"q", token)
    assert refused(PageTokens(b"x" * 32, lambda: NOW, timedelta(minutes=10)), b"q", token)


@pytest.mark.parametrize(
    ("asked", "given_size"),
    [(0, DEFAULT_PAGE_SIZE), (1, 1), (500, 500), (501, MAX_PAGE_SIZE), (2**31 - 1, MAX_PAGE_SIZE)],
)
def test_page_sizes_have_a_default_and_a_most(asked: int, given_size: int) -> None:
    assert page_size_of(asked) == given_size
    assert page_size_of(0, default=10, most=50) == 10
