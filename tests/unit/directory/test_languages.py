"""Which language tags are real."""

import pytest

from services.directory.domain.languages import is_language_tag


@pytest.mark.parametrize(
    "tag", ["de", "uk", "ar", "fa", "fa-AF", "prs", "kmr", "ckb", "ti", "zh-Hant", "pt-BR", "sr-Latn-RS"]
)
def test_a_language_of_the_registry_is_taken(tag: str) -> None:
    assert is_language_tag(tag)


@pytest.mark.parametrize("tag", ["deu", "xx", "zzz", "eng", "de-XX", "zh-Xxxx", "iw", "", "de-DE-DE-DE", "DE"])
def test_any_other_tag_is_refused(tag: str) -> None:
    assert not is_language_tag(tag)
