"""Shows where the thesaurus is thin: per language, and labels that are easily taken for another concept's.

Nothing here is wrong (`checks` finds that); it says where a translator's next hour helps most.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from statistics import median

from services.search.thesaurus.checks import MANDATORY_LANGUAGES, fewest_labels
from services.search.thesaurus.loader import Thesaurus
from services.search.thesaurus.nearness import NearPair, near_labels
from services.search.thesaurus.wording import function_words
from services.search.understanding.fold import fold, tokens_of

MOST_PAIRS = 50
"""More pairs than this nobody reads."""


@dataclass(frozen=True, slots=True)
class LanguageReport:
    """What one language has, and where it has least."""

    language: str
    labels: int
    hidden_labels: int
    words: int
    """Different words of all labels, after folding: what the linker can meet."""
    fewest: int
    median: float
    """Labels of a concept."""
    at_the_minimum: tuple[str, ...]
    """Concepts with no label more than the checks demand."""
    without_hidden_labels: int
    """Concepts that only match when they are written right."""
    function_words_only: tuple[str, ...]
    """Labels that are function words to the linker, because folding drops tones and marks: they say little."""


@dataclass(frozen=True, slots=True)
class ThinSpots:
    """The whole report."""

    concepts: int
    labels: int
    languages: tuple[LanguageReport, ...]
    """Those with the fewest words first."""
    near_pairs: tuple[NearPair, ...]
    """The nearest labels of unrelated concepts, at most MOST_PAIRS."""
    near_pairs_found: int
    """All of them, also those not listed."""


def thin_spots(thesaurus: Thesaurus) -> ThinSpots:
    """Look at all labels; takes a few seconds for 30,000, nearly all of it for the near labels."""
    languages = sorted((_language_report(tag, thesaurus) for tag in MANDATORY_LANGUAGES), key=lambda each: each.words)
    pairs = near_labels(thesaurus)
    return ThinSpots(
        concepts=len(thesaurus),
        labels=sum(each.labels for each in languages),
        languages=tuple(languages),
        near_pairs=tuple(pairs[:MOST_PAIRS]),
        near_pairs_found=len(pairs),
    )


def as_json(spots: ThinSpots) -> str:
    """Return the report as one JSON object, with the names of the dataclasses' fields."""
    return json.dumps(asdict(spots), ensure_ascii=False, indent=2)


def as_text(spots: ThinSpots) -> str:
    """Return the report for a person to read."""
    return "\n".join(_lines(spots))


def _language_report(language: str, thesaurus: Thesaurus) -> LanguageReport:
    labels = {concept.id: concept.labels.get(language, ()) for concept in thesaurus.values()}
    hidden = [concept.hidden.get(language, ()) for concept in thesaurus.values()]
    stop_words = {token for word in function_words().get(language, ()) for token in tokens_of(fold(word))}
    tokens = {label: tokens_of(fold(label)) for of_concept in labels.values() for label in of_concept}
    counts = [len(of_concept) for of_concept in labels.values()]
    least = fewest_labels(language)
    return LanguageReport(
        language=language,
        labels=sum(counts),
        hidden_labels=sum(map(len, hidden)),
        words=len({token for of_label in tokens.values() for token in of_label}),
        fewest=min(counts, default=0),
        median=float(median(counts)) if counts else 0.0,
        at_the_minimum=tuple(concept for concept, of_concept in labels.items() if len(of_concept) <= least),
        without_hidden_labels=sum(not of_concept for of_concept in hidden),
        function_words_only=tuple(label for label, found in tokens.items() if stop_words.issuperset(found)),
    )


def _lines(spots: ThinSpots) -> Iterator[str]:
    yield f"{spots.concepts} concepts, {spots.labels} labels in {len(spots.languages)} languages"
    yield ""
    yield "Languages, those with the fewest different words first:"
    yield f"{'':4}{'words':>7}{'labels':>8}{'fewest':>8}{'median':>8}{'at minimum':>12}{'no hidden':>11}"
    for each in spots.languages:
        yield (
            f"{each.language:4}{each.words:7}{each.labels:8}{each.fewest:8}{each.median:8g}"
            f"{len(each.at_the_minimum):12}{each.without_hidden_labels:11}"
        )
    yield ""
    yield "Concepts at the minimum of labels:"
    for each in spots.languages:
        if each.at_the_minimum:
            yield f"{each.language:4}{', '.join(each.at_the_minimum)}"
    yield ""
    yield "Labels that are only function words once tones and marks are dropped:"
    for each in spots.languages:
        if each.function_words_only:
            yield f"{each.language:4}{', '.join(each.function_words_only)}"
    yield ""
    yield f"Very near labels of unrelated concepts: {spots.near_pairs_found}, the nearest {len(spots.near_pairs)}:"
    for pair in spots.near_pairs:
        first, second = pair.first, pair.second
        yield (
            f"{pair.nearness:.3f}  {first.concept} ({first.language}) {first.text}"
            f"  |  {second.concept} ({second.language}) {second.text}"
        )
