"""What the index is asked for of a question: where help is wanted."""

from datetime import date
from typing import Any

import pytest

from services.search.domain.questions import Circle, OfferFilter
from services.search.domain.searching import SearchRequest
from services.search.handlers.questions import question_for, understood_of
from services.search.handlers.wording import Wording, wording_of
from services.search.thesaurus import load_thesaurus
from services.search.understanding.model import Understanding

TODAY = date(2026, 11, 2)
NAMED, STATE = "14713", "14"


@pytest.fixture(scope="module")
def wording() -> Wording:
    return wording_of(load_thesaurus())


def understood(*districts: str) -> Understanding:
    return Understanding("Wort", "wort", "de", 0.9, ("wort",), districts, (), None, (), (), True)


@pytest.mark.parametrize(
    ("named", "caller", "narrowed", "wanted"),
    [
        ((), "", {}, ()),
        ((), "14612", {}, ("14612",)),
        ((NAMED,), "14612", {}, (NAMED,)),
        ((STATE,), "", {}, (STATE,)),
        ((STATE,), "14612", {}, ("14612",)),
        ((NAMED, STATE), "14612", {}, (NAMED,)),
        ((STATE,), "", {"district_codes": ("14612",)}, ()),
        ((STATE,), "", {"regions": ("dresden",)}, ()),
        ((STATE,), "", {"circle": Circle(51.0, 13.7, 20)}, ()),
        ((STATE,), "", {"topics": ("recognition",)}, (STATE,)),
    ],
)
def test_the_nearest_place_known_is_where_help_is_wanted(
    wording: Wording, named: tuple[str, ...], caller: str, narrowed: dict[str, Any], wanted: tuple[str, ...]
) -> None:
    request = SearchRequest("Wort", "de", filter=OfferFilter(**narrowed), caller_district=caller)
    assert question_for(request, understood(*named), wording, TODAY, ()).districts == wanted


def test_callers_are_told_districts_only(wording: Wording) -> None:
    assert understood_of(understood(NAMED, STATE), "de", wording.thesaurus).districts == (NAMED,)
