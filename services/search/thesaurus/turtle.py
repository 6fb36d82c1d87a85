"""Writes the thesaurus as SKOS in Turtle, for any tool that reads concept schemes; needs rdflib.

Everything of the files is in it, but not the order of further labels: SKOS knows none. Narrower concepts and the
way back of every relation are written out, so that a reader needs no reasoner.
"""

from collections.abc import Iterator

from rdflib import RDF, SKOS, Graph, Literal, URIRef
from rdflib.namespace import DCTERMS

from services.search.thesaurus.loader import Concept, Thesaurus

DEFAULT_BASE = "https://lotse.example/thesaurus/"
"""A name that no one can own (RFC 2606); whoever publishes the scheme sets an address of their own."""
_TITLES = (("Themen der Beratung", "de"), ("Topics of advice", "en"))
_Triple = tuple[URIRef, URIRef, URIRef | Literal]


class BaseRefused(ValueError):
    """The base is not the start of an address: the message says what is missing."""


def thesaurus_turtle(thesaurus: Thesaurus, base: str = DEFAULT_BASE) -> str:
    """Return the scheme in Turtle, the same text for the same thesaurus; raises BaseRefused."""
    return thesaurus_graph(thesaurus, base).serialize(format="turtle")


def thesaurus_graph(thesaurus: Thesaurus, base: str = DEFAULT_BASE) -> Graph:
    """Return the scheme as a graph: the scheme is `base` itself, a concept `base` + its id; raises BaseRefused."""
    if not base.startswith(("https://", "http://", "urn:")) or base[-1] not in "/#:" or set(base) & set(' <>"{}|\\^`'):
        raise BaseRefused(f"{base!r} cannot begin the addresses of concepts: write one like {DEFAULT_BASE}")
    graph = Graph()
    graph.bind("", base)
    for triple in _scheme(URIRef(base)):
        graph.add(triple)
    for concept in thesaurus.values():
        for triple in _concept(concept, base):
            graph.add(triple)
    return graph


def _scheme(scheme: URIRef) -> Iterator[_Triple]:
    yield scheme, RDF.type, SKOS.ConceptScheme
    for title, language in _TITLES:
        yield scheme, DCTERMS.title, Literal(title, lang=language)


def _concept(concept: Concept, base: str) -> Iterator[_Triple]:
    subject, scheme = URIRef(base + concept.id), URIRef(base)
    yield subject, RDF.type, SKOS.Concept
    yield subject, SKOS.inScheme, scheme
    yield subject, SKOS.notation, Literal(concept.id)
    yield subject, SKOS.definition, Literal(concept.definition, lang="de")
    yield from _relations(concept, subject, base)
    if concept.audience:
        # The range of dcterms:audience is a class of people, so it is an address and not a word.
        audience = URIRef(f"{base}audience/{concept.audience}")
        yield audience, RDF.type, DCTERMS.AgentClass
        yield subject, DCTERMS.audience, audience
    yield from _labels(concept, subject)


def _relations(concept: Concept, subject: URIRef, base: str) -> Iterator[_Triple]:
    for target in (URIRef(base + broader) for broader in concept.broader):
        yield subject, SKOS.broader, target
        yield target, SKOS.narrower, subject
    for target in (URIRef(base + related) for related in concept.related):
        yield subject, SKOS.related, target
        yield target, SKOS.related, subject
    if not concept.broader:
        yield subject, SKOS.topConceptOf, URIRef(base)
        yield URIRef(base), SKOS.hasTopConcept, subject


def _labels(concept: Concept, subject: URIRef) -> Iterator[_Triple]:
    for language, labels in concept.labels.items():
        for place, label in enumerate(labels):
            yield subject, SKOS.altLabel if place else SKOS.prefLabel, Literal(label, lang=language)
    for language, labels in concept.hidden.items():
        for label in labels:
            yield subject, SKOS.hiddenLabel, Literal(label, lang=language)
