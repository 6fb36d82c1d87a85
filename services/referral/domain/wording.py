"""Owns how reasons are said to people, in German and English; other languages get English."""

from collections.abc import Mapping

from services.referral.domain.routing import Reason, ReasonKind

_WORDS: Mapping[tuple[ReasonKind, str], tuple[str, str]] = {
    (ReasonKind.FALLBACK, "statewide"): (
        "Landesweite Anlaufstelle: hilft weiter, wenn sonst nichts passt.",
        "State-wide contact: helps when nothing else fits.",
    ),
    (ReasonKind.TOPIC, "set"): ("Genau das ist Aufgabe dieser Stelle.", "This is what the counter is there for."),
    (ReasonKind.NEARNESS, "local"): ("Zuständig für den Wohnort.", "Serves the place where the person lives."),
    (ReasonKind.NEARNESS, "neighbour"): ("Im Nachbarkreis.", "In a neighbouring district."),
    (ReasonKind.NEARNESS, "statewide"): ("Für ganz Sachsen da.", "Serves all of Saxony."),
    (ReasonKind.LANGUAGE, "spoken"): (
        "Berät in der Sprache der Person.",
        "Advises in the person's language.",
    ),
    (ReasonKind.LANGUAGE, "interpreted"): (
        "Vermittelt eine Sprachmittlung für die Sprache der Person.",
        "Arranges an interpreter for the person's language.",
    ),
}


def said(reason: Reason, language: str) -> str:
    """Say a reason in German for "de" or "", else in English; what the search said stays as it is."""
    if reason.kind is ReasonKind.FOUND:
        return reason.detail
    german, english = _WORDS[reason.kind, reason.detail]
    return german if language.partition("-")[0] in {"", "de"} else english
