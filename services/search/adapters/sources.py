"""Guarantees documents as the mapping wants them, already serialised: the bulk request is put together from bytes."""

import base64
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import orjson

from services.search.adapters.analysis import field_language
from services.search.domain.highlights import without_marks
from services.search.domain.offers import IndexChange, OfferDocument, OfferKey, OfferText, clear_ids
from services.search.understanding.expansion import published_parts
from services.search.understanding.fold import fold

TOMBSTONE_STATE = "DELETED"
_TEXTS = ("title", "summary", "description")


def bulk_lines(change: IndexChange) -> bytes:
    """Give the two lines of a bulk request that put this change, unless the index has its version or a higher one."""
    action = {"index": {"_id": str(change.key), "version": change.version, "version_type": "external"}}
    source = _tombstone(change.key) if change.document is None else _source(change.document)
    return b"%b\n%b\n" % (orjson.dumps(action), orjson.dumps(source))


def _tombstone(key: OfferKey) -> dict[str, Any]:
    """A document that only says "gone": the engine keeps its version, which it would soon forget after a delete."""
    return {"key": str(key), "region": key.region, "deleted": True, "state": TOMBSTONE_STATE}


def _source(document: OfferDocument) -> dict[str, Any]:
    return {
        "key": str(document.key),
        "deleted": False,
        "region": document.key.region,
        "state": document.state,
        "kind": document.kind,
        "scope": document.scope,
        "cost": document.cost,
        "topics": document.topics,
        "automatic_topics": clear_ids(document.automatic_topics),
        "topic_weights": _topic_weights(document),
        "audiences": document.audiences,
        "consultation_languages": document.consultation_languages,
        "formats": document.formats,
        "districts": document.districts,
        "location": [{"lat": latitude, "lon": longitude} for latitude, longitude in document.locations],
        "valid_from": document.valid_from.isoformat(),
        "valid_until": document.valid_until.isoformat(),
        "review_due": document.review_due.isoformat(),
        "update_time": _milliseconds(document.update_time),
        **_by_language(document),
        "partner": [without_marks(name) for name in document.partner_names],
        "partner_name": document.partner_name,
        "free_places": document.free_places,
        "folded_title": [_fold_words(text.title) for text in document.texts],
        "folded": _folded(document),
        "parts_title": _parts(text.title for text in _german(document)),
        "parts_text": _parts(part for text in _german(document) for part in (text.summary, text.description)),
        "entry": base64.b64encode(document.entry).decode(),
    }


def _by_language(document: OfferDocument) -> dict[str, dict[str, list[str]]]:
    """Sort the texts into their language fields; two languages of one field stand side by side."""
    fields: dict[str, dict[str, list[str]]] = {name: {} for name in _TEXTS}
    for text in document.texts:
        language = field_language(text.language)
        for name, value in zip(_TEXTS, (text.title, text.summary, text.description), strict=True):
            if value:
                fields[name].setdefault(language, []).append(without_marks(value))
    return fields


def _topic_weights(document: OfferDocument) -> dict[str, float]:
    """Weigh every topic: what the publisher set counts whole, what was found by machine as much as it is sure."""
    return {topic.id: topic.weight for topic in document.automatic_topics} | dict.fromkeys(document.topics, 1.0)


def _folded(document: OfferDocument) -> str:
    """All texts in one field, so that "all words" may stand in any of them."""
    texts = (part for text in document.texts for part in (text.title, text.summary, text.description) if part)
    return " ".join(_fold_words(text) for text in (*texts, *document.partner_names))


def _german(document: OfferDocument) -> list[OfferText]:
    return [text for text in document.texts if field_language(text.language) == "de"]


def _parts(texts: Iterable[str]) -> str:
    """Give the words of German texts and what their compounds are made of, as questions are put to them."""
    return " ".join(part for text in texts for part in published_parts(text))


def _fold_words(text: str) -> str:
    """Fold word by word: folding never looks beyond a space, and words repeat, so most of it is looked up."""
    return " ".join(map(_folded_word, text.split()))


@lru_cache(maxsize=65_536)
def _folded_word(word: str) -> str:
    return fold(word)


def _milliseconds(moment: datetime) -> int:
    return int((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1000)
