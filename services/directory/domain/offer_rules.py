"""Owns what an offer must fulfil beyond the contract's own rules; `publishing` owns what the public needs."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from services.directory.domain.checks import Fault, contact_points, every_text, localized_texts, repeats
from services.directory.domain.enums import CostKind
from services.directory.domain.hours import opening_hours
from services.directory.domain.languages import is_language_tag
from services.directory.domain.offer import ConsultationLanguage, Cost, Offer

_CENT = 10_000_000  # billionths
_MAX_UNITS = 1_000_000


def offer_faults(offer: Offer, path: str, moment: datetime) -> Iterator[Fault]:
    """Find every fault of an offer."""
    yield from every_text(offer, path)
    yield from localized_texts(offer.texts, f"{path}.texts", offer.revision)
    yield from contact_points(offer.contacts, f"{path}.contacts", moment)
    yield from opening_hours(offer.hours, f"{path}.hours")
    yield from _languages(offer.consultation_languages, f"{path}.consultation_languages")
    yield from _sites(offer, f"{path}.sites", moment)
    if offer.cost is not None:
        yield from _cost(offer.cost, f"{path}.cost")
    steps = [(step.topic, step.offer) for step in offer.prerequisites]
    yield from repeats(steps, f"{path}.prerequisites", "is required already")
    if offer.valid_from and offer.valid_until and offer.valid_from > offer.valid_until:
        yield f"{path}.valid_until", "must not be before valid_from"


def _sites(offer: Offer, path: str, moment: datetime) -> Iterator[Fault]:
    yield from repeats(offer.site_names, path, "is named already")
    for place, at in enumerate(offer.sites):
        here = f"{path}[{place}]"
        yield from contact_points(at.contacts, f"{here}.contacts", moment)
        yield from opening_hours(at.hours, f"{here}.hours")
        yield from _languages(at.consultation_languages, f"{here}.consultation_languages")


def _languages(languages: Sequence[ConsultationLanguage], path: str) -> Iterator[Fault]:
    yield from repeats(languages, path, "is named already")
    for place, language in enumerate(languages):
        if not is_language_tag(language.language_code):
            yield f"{path}[{place}].language_code", "must be a language of the registry in its shortest form"


def _cost(cost: Cost, path: str) -> Iterator[Fault]:
    money = cost.amount
    if money is None:
        return
    if cost.kind not in {CostKind.PAID, CostKind.FUNDABLE}:
        yield f"{path}.amount", "goes only with a paid or fundable offer"
    if money.currency_code != "EUR":
        yield f"{path}.amount.currency_code", 'must be "EUR"'
    if not 0 <= money.units <= _MAX_UNITS:
        yield f"{path}.amount.units", f"must be from 0 to {_MAX_UNITS}"
    if not 0 <= money.nanos < 100 * _CENT or money.nanos % _CENT:
        yield f"{path}.amount.nanos", "must be whole cents below one unit"
