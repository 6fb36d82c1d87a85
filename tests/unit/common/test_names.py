"""Names come apart as they were put together, and nothing else passes for one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.common.errors import CorrectTheRequest
from services.common.names import RegionId, ResourceName, is_token, parse_name, parse_region

TOKEN = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", fullmatch=True)


@given(TOKEN, TOKEN)
def test_a_name_comes_apart_as_it_was_put_together(region: str, record: str) -> None:
    name = ResourceName(RegionId(region), "offers", record)
    assert parse_name(str(name), "offers") == name
    assert parse_region(f"regions/{region}") == region


@pytest.mark.parametrize(
    "text",
    [
        "",
        "regions",
        "regions/dresden",
        "regions/dresden/offers",
        "regions/dresden/offers/",
        "regions//offers/a",
        "regions/dresden/partners/a",
        "regions/dresden/offers/a/b",
        "/regions/dresden/offers/a",
        "regions/dresden/offers/A",
        "regions/dresden/offers/..",
        "regions/dresden/offers/-",
        "regions/dresden/offers/a-",
        "regions/dresden/offers/a.b",
        "regions/dresden/offers/a*",
        "regions/dresden/offers/>",
        "regions/dresden/offers/a\n",
        "regions/dresden/offers/\u0430",
        "regions/dresden/offers/ﬁ",
        "regions/dresden/offers/" + "a" * 64,
        "Regions/dresden/offers/a",
    ],
)
def test_what_is_no_name_is_refused_for_its_field(text: str) -> None:
    with pytest.raises(CorrectTheRequest) as caught:
        parse_name(text, "offers", "offer.name")
    assert caught.value.reason == "INVALID_FIELD"
    assert [violation.path for violation in caught.value.fields] == ["offer.name"]


@pytest.mark.parametrize("text", ["", "dresden", "regions/", "regions/a/b", "region/a", "regions/Ä", "regions/a\n"])
def test_what_is_no_region_is_refused(text: str) -> None:
    with pytest.raises(CorrectTheRequest):
        parse_region(text)


@given(st.text())
def test_a_token_is_safe_in_a_subject_and_in_an_address(text: str) -> None:
    if is_token(text):
        assert text.isascii()
        assert not set(text) & set("./*> \r\n%?#")
        assert 1 <= len(text) <= 63
