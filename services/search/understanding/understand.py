"""From a typed question to what the search engine needs; engine-independent, and never a failure for any text.

The steps are pure functions in the order of `Understander.understand`; each leaves a line in the trace.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from services.search.thesaurus import Thesaurus, load_thesaurus
from services.search.understanding.audience import AudienceWords, load_audience_words
from services.search.understanding.classifier import ConceptClassifier
from services.search.understanding.clauses import clauses
from services.search.understanding.compiled import compiled_judge, compiled_linker
from services.search.understanding.descriptions import offer_examples, offer_sources
from services.search.understanding.fold import tokens_of
from services.search.understanding.language import detect_language
from services.search.understanding.linker import Columns, IndexedLabel, Link, Linker, Scores, build_linker
from services.search.understanding.model import Audience, LinkedConcept, TraceStep, Understanding
from services.search.understanding.ngram_judge import NGramJudge
from services.search.understanding.ngrams import is_unspaced
from services.search.understanding.offtopic import PREFIX, is_off_topic
from services.search.understanding.opinions import SecondOpinions
from services.search.understanding.places import Places, load_places
from services.search.understanding.readings import other_readings
from services.search.understanding.spellings import (
    indexed_labels,
    question_examples,
    question_sources,
    sources,
    spoken,
)
from services.search.understanding.suggest import Suggester
from services.search.understanding.topics import TopicFinder
from services.search.understanding.utterances import utterances
from services.search.understanding.words import WordReader

_MOST_TYPED = 2000
"""Cut before folding, which may shrink a text: a megabyte of marks is not worth reading."""
LINK_THRESHOLD = 0.27
"""When even the best link is below it, it is more often wrong than right (measured on the development questions: at
.28 8 of 927 are left unanswered and 73 of 86 out of scope, at .26 3 and 71; this is between)."""
_ALONE_THRESHOLD = 0.25
"""The same without the encoder's opinion (measured: 5 and 65; at .28 8 and 66)."""
_UNKNOWN_THRESHOLD = 0.35
"""The same for n-grams alone of words that stand in no label, where a script or a made-up name comes near to many;
not for writing without spaces, whose words are never seen apart."""
_FURTHER_THRESHOLD = 0.2
_RELATIVE_THRESHOLD = 0.5
"""Further concepts may be weaker, but must come this near to the best one."""
_READING_THRESHOLD = 0.45
"""Another reading of the same keys must be clearly a topic, for it competes with random letters."""
_READING_LEAD = 0.1
"""And clearly nearer to one than what was typed."""
_MOST_KNOWN = 0.34
"""Share of words that stand in labels: of letters from a wrong keyboard hardly any does."""
_MOST_REREAD = 120
"""The start of a text tells its alphabet; four readings of all of it would cost ten milliseconds."""
_CLAUSE_SHARE = 0.8
"""What a clause of a story counts beside the whole text (measured on the development questions: .8 to 1 are near)."""
_OFF_TOPIC_LEAD = 1.05
"""How much nearer something off topic must be: "where do I begin" is chatter in a question about a diploma too
(measured: at 1.3 two more of 86 questions out of scope get a list, without the encoder four; in scope none is answered
more, without it one)."""
_SPEAKER_BOOST, _OTHER_SPEAKER = 1.4, 0.85
"""Enough to decide between near equals; an employer may still ask about taxes."""
_MOST_CONCEPTS = 5
_MOST_SUGGESTIONS = 3


@dataclass(frozen=True, slots=True)
class _Reading:
    """One way to read what was typed, with the links it gives."""

    text: str
    words: tuple[str, ...]
    scores: Scores
    language: str
    confidence: float

    @property
    def best(self) -> float:
        return float(self.scores.values.max(initial=0.0))


class Understander:
    """Understands questions and finds topics of offers; immutable after it is built, safe to share among threads."""

    def __init__(
        self,
        thesaurus: Thesaurus,
        places: Places,
        audience_words: AudienceWords | None = None,
        *,
        linker: Linker | None = None,
        classifier: ConceptClassifier | None = None,
        offer_judge: NGramJudge | None = None,
        question_judge: NGramJudge | None = None,
        apart: Callable[[str], tuple[str, ...]] = clauses,
    ) -> None:
        """Put it together; without a classifier and without judges by n-grams there are no second opinions.

        `linker` is one of this thesaurus; None makes one of its labels alone, without what people say (`utterances`).
        `apart` takes a story into its clauses.
        """
        self._thesaurus = thesaurus
        self._classifier = classifier
        self._offer_judge = offer_judge
        self._question_judge = question_judge
        self._places = places
        self._clauses = apart
        self._reader = WordReader(places)
        self._audience_words = audience_words or load_audience_words()
        self._linker = linker or build_linker(indexed_labels(thesaurus, self._reader.topical), self._reader.stop_words)
        self._opinions = SecondOpinions(self._linker.concepts, classifier, question_judge)
        self._is_topic = np.array([not is_off_topic(name) for name in self._linker.concepts], dtype=bool)
        # However many categories of what is no topic stand first, the topics behind them are seen.
        self._most_links = 2 * _MOST_CONCEPTS + int((~self._is_topic).sum())
        self._topics = TopicFinder(self._linker, thesaurus, self._reader.topical, offer_judge)
        self._suggester = Suggester(thesaurus, _folded_labels(self._linker.labels))
        # The statistics of the languages load on first use: here, so that no caller waits for them.
        detect_language("Guten Tag")

    @property
    def has_encoder(self) -> bool:
        """True: unsure questions and offers are also classified by sentence vectors."""
        return self._classifier is not None

    def reading_as_a_whole(self) -> "Understander":
        """Give one that takes no story apart, to measure what its clauses are worth."""
        return Understander(
            self._thesaurus,
            self._places,
            self._audience_words,
            linker=self._linker,
            classifier=self._classifier,
            offer_judge=self._offer_judge,
            question_judge=self._question_judge,
            apart=lambda text: (text,),
        )

    def understand(self, query: str, ui_language: str = "de") -> Understanding:
        """Return what `query` means; `ui_language` (BCP-47) only breaks ties between languages."""
        text = query.strip()
        typed = text[:_MOST_TYPED]
        words = self._reader.read(typed)
        language, confidence = detect_language(typed, ui_language)
        said = self._without_lone_numbers(words.topical)
        reading = _Reading(typed, said, self._linker.scores(said), language, confidence)
        trace = [TraceStep("words", " ".join(words.topical)), TraceStep("language", f"{language} {confidence:.2f}")]
        if (reading.scores.values * self._is_topic).max(initial=0.0) < _READING_THRESHOLD:
            reading = self._with_clauses(self._reread(reading, trace), trace)
        telling, unknown = self._telling(reading.words)
        is_strange = len(unknown) == len(telling)
        scores, is_encoded = self._second_opinion(reading, is_strange, trace)
        speaker = self._audience_words.find(tokens_of(words.folded))
        links = self._on_topic(self._linker.links(self._favoured(scores, speaker), self._most_links), trace)
        trace.append(TraceStep("linked", ", ".join(f"{link.label.concept_id} {link.score:.2f}" for link in links)))
        alone = _UNKNOWN_THRESHOLD if is_strange else _ALONE_THRESHOLD
        concepts = tuple(map(self._linked, _trusted(links, LINK_THRESHOLD if is_encoded else alone)))
        return Understanding(
            text=text,
            folded=words.folded,
            language=reading.language,
            confidence=reading.confidence,
            tokens=words.tokens,
            districts=words.districts,
            consultation_languages=words.languages,
            audience=speaker or self._audience_of(concepts),
            concepts=concepts,
            suggestions=() if concepts else tuple(map(self._linked, links[:_MOST_SUGGESTIONS])),
            abstain=not concepts,
            read_as="" if reading.text == typed else reading.text,
            unknown=unknown,
            trace=tuple(trace),
        )

    def topics_of(self, title: str, text: str, language: str = "de") -> tuple[LinkedConcept, ...]:
        """Return the topics that an offer's title and text are about, best first, with how sure each is.

        `language` (BCP-47) is the text's: offers' judge knows German only.
        """
        opinion = self._opinions.on_offer(title, text)
        found = self._topics.find(title, text, opinion, is_german=language.partition("-")[0] == "de")
        return tuple(map(self._linked, found))

    def suggest(self, prefix: str, language: str, limit: int) -> tuple[LinkedConcept, ...]:
        """Return concepts with a label that starts with `prefix` (or has a word that does), shown in `language`."""
        return self._suggester.suggest(prefix, language, limit)

    def _reread(self, first: _Reading, trace: list[TraceStep]) -> _Reading:
        """Try the other readings of the same keys; keep what stood when none is clearly a topic."""
        # A number is the same on every keyboard, so it speaks for no reading.
        typed = [word for word in first.words if not word.isdigit()]
        if sum(map(self._linker.knows, typed)) > _MOST_KNOWN * len(typed):
            return first
        best, threshold = first, max(_READING_THRESHOLD, first.best + _READING_LEAD)
        for text in other_readings(first.text[:_MOST_REREAD]):
            words = tuple(word for word in self._reader.topical(text) if not word.isdigit())
            scores = self._linker.scores(words)
            value = float(scores.values.max(initial=0.0))
            if value >= threshold:
                threshold = value
                best = _Reading(text, words, scores, *detect_language(text))
        if best is not first:
            trace.append(TraceStep("read as", best.text))
        return best

    def _telling(self, words: Sequence[str]) -> tuple[list[str], tuple[str, ...]]:
        """Give the words that are no function words or numbers, and those of them that stand in no label."""
        telling = [word for word in words if word not in self._reader.stop_words and not word.isdigit()]
        return telling, tuple(word for word in telling if not (self._linker.knows(word) or is_unspaced(word)))

    def _without_lone_numbers(self, words: tuple[str, ...]) -> tuple[str, ...]:
        """Leave numbers out beside words that no label knows: they say nothing of them ("Messung 17")."""
        telling, unknown = self._telling(words)
        if not telling or len(unknown) < len(telling):
            return words
        return tuple(word for word in words if not word.isdigit())

    def _with_clauses(self, reading: _Reading, trace: list[TraceStep]) -> _Reading:
        """Let each topic have its best clause, where that says more than the whole text.

        What is off topic counts with the mean of the clauses: a greeting or thanks make no story chatter.
        """
        parts = self._clauses(reading.text)
        if len(parts) < 2 or not self._linker.concepts:
            return reading
        seen: dict[str, Columns] = {}
        found = [self._linker.scores(self._reader.topical(part), seen) for part in parts]
        trace.append(TraceStep("clauses", "; ".join(map(self._nearest_topic, parts, found))))
        values = reading.scores.values
        clearest = _CLAUSE_SHARE * np.max([scores.values for scores in found], axis=0)
        mean = np.mean([scores.values for scores in found], axis=0)
        values = np.where(self._is_topic, np.maximum(values, clearest), np.minimum(values, mean))
        nearness = (*reading.scores.nearness, *(_CLAUSE_SHARE * part for scores in found for part in scores.nearness))
        return replace(reading, scores=Scores(values, nearness))

    def _nearest_topic(self, part: str, scores: Scores) -> str:
        best = int(scores.values.argmax())
        if not scores.values[best]:
            return f"{part} → –"
        return f"{part} → {self._linker.concepts[best].removeprefix(PREFIX)} {scores.values[best]:.2f}"

    def _second_opinion(self, reading: _Reading, is_strange: bool, trace: list[TraceStep]) -> tuple[Scores, bool]:
        """Give the scores with what other judges say of them, and whether the encoder was one.

        The judge by n-grams is not asked about words that no label knows: a made-up name comes near to something there
        too.
        """
        known = () if is_strange else reading.words
        scores = reading.scores.values
        advice = self._opinions.on_question(reading.text, known, scores, self._clauses) if reading.words else None
        if advice is None:
            return reading.scores, False
        trace.extend(advice.steps)
        return replace(reading.scores, values=advice.values), advice.is_encoded

    def _on_topic(self, links: list[Link], trace: list[TraceStep]) -> list[Link]:
        """Leave out what is no topic; when that is what the question comes nearest to, all links become weak ones."""
        kept = [link for link in links if not is_off_topic(link.label.concept_id)][: 2 * _MOST_CONCEPTS]
        if not links or (kept and links[0].score < kept[0].score * _OFF_TOPIC_LEAD):
            return kept
        trace.append(TraceStep("off topic", links[0].label.concept_id.removeprefix(PREFIX)))
        return [Link(min(link.score, _FURTHER_THRESHOLD), link.label) for link in kept]

    def _favoured(self, scores: Scores, speaker: Audience | None) -> Scores:
        """Raise the concepts meant for whoever is speaking: an employer's "nurses" are staff to be found."""
        if speaker is None:
            return scores
        factors = np.array([self._speaker_factor(concept, speaker) for concept in self._linker.concepts])
        return replace(scores, values=np.minimum(scores.values * factors, 1.0))

    def _speaker_factor(self, concept: str, speaker: Audience) -> float:
        meant = self._thesaurus[concept].audience if concept in self._thesaurus else None
        if meant is None:
            return 1.0
        return _SPEAKER_BOOST if meant == speaker else _OTHER_SPEAKER

    def _linked(self, link: Link) -> LinkedConcept:
        return LinkedConcept(link.label.concept_id, round(link.score, 4), link.label.shown, link.label.language)

    def _audience_of(self, concepts: Sequence[LinkedConcept]) -> Audience | None:
        if not concepts:
            return None
        hint = self._thesaurus[concepts[0].id].audience
        known: dict[str | None, Audience] = {"person": "person", "company": "company", "actor": "actor"}
        return known.get(hint)


def build_understander(thesaurus: Thesaurus | None = None, classifier: ConceptClassifier | None = None) -> Understander:
    """Build it from the data that ships with the service; takes two minutes the first time, then a few seconds."""
    thesaurus, places = thesaurus or load_thesaurus(), load_places()
    reader = WordReader(places)
    linker = compiled_linker(
        sources(),
        lambda: indexed_labels(thesaurus, reader.topical),
        reader.stop_words,
        lambda: spoken(reader.topical),
    )
    return Understander(
        thesaurus,
        places,
        linker=linker,
        classifier=classifier,
        offer_judge=compiled_judge(
            "offers",
            [*sources(), *offer_sources()],
            lambda: [(concept, reader.topical(text)) for concept, text in offer_examples(thesaurus)],
        ),
        question_judge=question_judge(thesaurus, reader),
    )


def question_judge(thesaurus: Thesaurus, reader: WordReader) -> NGramJudge:
    """Give the judge by what people say in all languages; made anew it takes 80 seconds."""
    return compiled_judge(
        "questions", question_sources(), lambda: question_examples(thesaurus, utterances(), reader.topical)
    )


def _folded_labels(labels: Sequence[IndexedLabel]) -> dict[str, str]:
    """Give the folded words of each label: of its spellings the label itself comes first."""
    folded: dict[str, str] = {}
    for label in labels:
        if label.folded:
            folded.setdefault(label.shown, label.folded)
    return folded


def _trusted(links: Sequence[Link], threshold: float) -> list[Link]:
    """Keep nothing when the best link is weak, else the best and what is not far behind it."""
    if _best(links) < threshold:
        return []
    least = max(_FURTHER_THRESHOLD, _best(links) * _RELATIVE_THRESHOLD)
    return [link for link in links[:_MOST_CONCEPTS] if link.score >= least]


def _best(links: Sequence[Link]) -> float:
    return links[0].score if links else 0.0
