"""What `lotse explain` prints."""

import io

from rich.console import Console

from lotse.search.v1 import search_pb2, search_service_pb2
from services.node.cli.scores import show_scores, show_steps


def printed(found: search_service_pb2.SearchOffersResponse) -> str:
    out = io.StringIO()
    console = Console(file=out, width=200, soft_wrap=True)
    show_steps(found.understanding, console)
    show_scores(found, console)
    return out.getvalue()


def test_steps_are_numbered_and_a_score_stands_below_its_parts() -> None:
    hit = search_pb2.OfferHit(name="regions/dresden/offers/a", score=30.0)
    hit.entry.offer.texts.add(language_code="de", title="Beratung [rot]")
    hit.entry.partner.display_name = "Haus [blau]"
    hit.score_parts.add(name="topic recognition", score=27.0)
    hit.score_parts.add(name="confirmed", score=3.0)
    answer = search_service_pb2.SearchOffersResponse(hits=[hit])
    answer.understanding.steps.add(name="Gefaltet", found="wort [b]fett")
    answer.understanding.steps.add(name="Nächste Themen", found="")
    said = printed(answer)
    lines = [line.split() for line in said.splitlines()]
    assert " 1. Gefaltet: wort [b]fett" in said
    assert " 2. Nächste Themen: –" in said
    assert " 1. Beratung [rot] · Haus [blau] · regions/dresden/offers/a" in said
    assert ["topic", "recognition", "27.00", "90%"] in lines
    assert ["confirmed", "3.00", "10%"] in lines
    assert lines.index(["score", "30.00"]) > lines.index(["confirmed", "3.00", "10%"])


def test_an_unsure_question_names_what_is_near_and_no_hits_are_said() -> None:
    answer = search_service_pb2.SearchOffersResponse()
    answer.understanding.abstained = True
    answer.understanding.suggestions.add(id="housing", label="Wohnen")
    said = printed(answer)
    assert "not sure what is meant: only literal words count; nearest: Wohnen" in said
    assert "no offer found" in said


def test_a_service_that_tells_no_steps_is_said_to() -> None:
    assert "no steps" in printed(search_service_pb2.SearchOffersResponse())
