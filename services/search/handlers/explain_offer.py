"""Explains one offer: whether and where a question finds it, by which rules, what would fit instead and come first."""

from dataclasses import replace

from services.common.errors import CheckTheName
from services.search.domain.explaining import ExplainedOffer, Finding, Outcome, Sentence, Sought, findings
from services.search.domain.explanation import ExplainRequest, Explanation, NearOffer, ToldFinding
from services.search.domain.neighbours import topics_asked
from services.search.domain.offers import OfferKey, clear_ids
from services.search.domain.questions import MOST_RANKED, AskedConcept, FoundOffer, Question
from services.search.domain.ranking import Why, WhyKind, why_found
from services.search.domain.searching import OfferAnswer, SearchRequest
from services.search.handlers.facets import language_name
from services.search.handlers.get_offer import offer_of
from services.search.handlers.missing_steps import told_missing_steps
from services.search.handlers.paging import Rest
from services.search.handlers.parts import SearchParts
from services.search.handlers.questions import question_of, understood_of
from services.search.handlers.rankings import ranked
from services.search.handlers.understanding import understand
from services.search.ports import ReadsEntries
from services.search.understanding.fold import fold, tokens_of

MOST_NEAR = 3
_SHORTEST_WORD = 4
"""Letters; shorter words of a question ("in", "und") stand in every text."""


async def explain_offer(request: ExplainRequest, reads: ReadsEntries, parts: SearchParts) -> Explanation:
    """Explain one offer. Raises RESOURCE_NOT_FOUND and SEARCH_ENGINE_UNAVAILABLE."""
    answer = await _known(request.key, parts)
    offer, search = reads.offer(answer.stored), request.search
    text = search.text.strip()
    understanding = await understand(text, search.language, parts.understander) if text else None
    question = question_of(search, understanding, parts)
    only_signs = bool(text) and question.asks_for_all
    rest = await _ranked(question, parts, is_empty=only_signs)
    question = replace(question, fuzzy=rest.fuzzy)
    (found,) = await parts.index.fetch(question, [str(request.key)]) or (None,)
    place = rest.ids.index(str(request.key)) + 1 if str(request.key) in rest.ids else 0
    why = _why(found, question, search.language, parts) if found else ()
    words = _words(offer, question, found, why)
    judged = findings(offer, Sought(question, words, found=bool(place), only_signs=only_signs))
    told = _told(judged, search.language, parts)
    has_left = request.key.region in question.hidden_regions
    required = () if has_left else offer.prerequisites
    return Explanation(
        language=search.language,
        title="" if has_left else reads.title(answer.stored.body, search.language),
        place=place,
        rules=told,
        why=why if place else (),
        why_not=() if place else _why_not(told, rest, search.language, parts),
        nearest=() if place else await _nearest(offer, judged, question, rest, search, parts),
        missing_steps=await told_missing_steps(request, required, understanding, question, reads, parts),
        understood=understood_of(understanding, search.language, parts.thesaurus),
        coverage=answer.coverage,
    )


async def _known(key: OfferKey, parts: SearchParts) -> OfferAnswer:
    """Read the offer of any region that ever took part: that its region left is a reason to be told."""
    answer = await offer_of(key, parts)
    if answer is None:
        raise CheckTheName("RESOURCE_NOT_FOUND", "no offer of that name is known here")
    return answer


async def _ranked(question: Question, parts: SearchParts, *, is_empty: bool) -> Rest:
    if is_empty:
        # As in `search_offers`: signs without a word find nothing.
        return Rest((), 0, total_is_lower_bound=False, fuzzy=False)
    rest, _ = await ranked(parts.index, question, ())
    return rest


def _why(found: FoundOffer, question: Question, language: str, parts: SearchParts) -> tuple[Why, ...]:
    return why_found(found, question, lambda concept: parts.thesaurus.label(concept, language), language)


def _words(
    offer: ExplainedOffer, question: Question, found: FoundOffer | None, why: tuple[Why, ...]
) -> tuple[str, ...]:
    """Give the question's words that stand in the offer: as the engine marked them, else as folding compares them."""
    if found is not None:
        return tuple(one.text for one in why if one.kind is WhyKind.WORDS)
    document = offer.document
    texts = [part for text in document.texts for part in (text.title, text.summary, text.description)]
    known = {token for text in (*texts, *document.partner_names) for token in tokens_of(fold(text))}
    asked = question.folded.split()
    shared = tuple(word for word in asked if len(word) >= _SHORTEST_WORD and word in known)
    return () if question.literal_only and not known.issuperset(asked) else shared


def _told(judged: tuple[Finding, ...], language: str, parts: SearchParts) -> tuple[ToldFinding, ...]:
    names = {member.region: member.display_name for member in parts.federation.members()}

    def text_of(finding: Finding) -> str:
        named: dict[str, str] = {}
        for field, value in finding.sentence.values.items():
            for code in value if isinstance(value, tuple) else ():
                if field == "concepts" and code in parts.thesaurus:
                    named[code] = parts.thesaurus.label(code, language)
                elif field == "languages":
                    named[code] = language_name(code, language)
                elif field == "region":
                    named.update({region: name for region, name in names.items() if region == code})
        return parts.sentences.say(finding.sentence, language, named)

    return tuple(ToldFinding(finding, text_of(finding)) for finding in judged)


def _why_not(told: tuple[ToldFinding, ...], rest: Rest, language: str, parts: SearchParts) -> tuple[str, ...]:
    failed = tuple(one.text for one in told if one.finding.outcome is Outcome.FAILED)
    if failed:
        return failed
    # No rule keeps it out: it stands below what can be paged through, or the engine has not taken its change in yet.
    reason = Sentence("hidden.beyond" if rest.total > MOST_RANKED else "hidden.not_yet")
    return (parts.sentences.say(reason, language, {}),)


async def _nearest(
    offer: ExplainedOffer,
    judged: tuple[Finding, ...],
    question: Question,
    rest: Rest,
    search: SearchRequest,
    parts: SearchParts,
) -> tuple[NearOffer, ...]:
    """Find what passes where this one fails: offers on its own topics, else the best that the question finds."""
    if not any(finding.outcome is Outcome.FAILED for finding in judged):
        return ()
    asked = {concept.id for concept in question.concepts}
    topics = (*offer.document.topics, *clear_ids(offer.document.automatic_topics))
    own = [topic for topic in topics if topic in parts.thesaurus]
    alike = [topic for topic in own if topic in asked] or ([] if asked else own)
    if alike:
        concepts = tuple(AskedConcept(topic, 1.0, parts.thesaurus.label(topic, "de")) for topic in alike)
        question = Question(
            today=question.today,
            concepts=concepts,
            topics=topics_asked([(topic, 1.0) for topic in alike], parts.wording.neighbours),
            audience=question.audience,
            districts=question.districts,
            filter=question.filter,
            hidden_regions=question.hidden_regions,
        )
        rest = await _ranked(question, parts, is_empty=False)
    ids = [key for key in rest.ids if key != str(offer.document.key)][:MOST_NEAR]
    fetched = await parts.index.fetch(question, ids)
    return tuple(NearOffer(one.key, one.entry, _why(one, question, search.language, parts)) for one in fetched)
