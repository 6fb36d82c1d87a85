"""Owns the index's fields and settings; a change here changes `FINGERPRINT`, and the next start rebuilds the index."""

import hashlib
import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

from services.search.adapters.analysis import ANALYSIS, ANALYZERS

_KEYWORD = {"type": "keyword"}
_DAY = {"type": "date", "format": "strict_date"}
_ANALYSED = {language: {"type": "text", "analyzer": analyzer} for language, analyzer in ANALYZERS.items()}
_FOLDED = {"type": "text", "analyzer": "lotse_folded"}
_PARTS = {"type": "text", "analyzer": "lotse_parts"}

PROPERTIES: dict[str, Any] = {
    "key": _KEYWORD,
    "deleted": {"type": "boolean"},
    "region": _KEYWORD,
    "state": _KEYWORD,
    "kind": _KEYWORD,
    "scope": _KEYWORD,
    "cost": _KEYWORD,
    "topics": {"type": "keyword", "copy_to": "all_topics"},
    "automatic_topics": {"type": "keyword", "copy_to": "all_topics"},
    "all_topics": _KEYWORD,
    "topic_weights": {"type": "rank_features"},
    "audiences": _KEYWORD,
    "consultation_languages": _KEYWORD,
    "formats": _KEYWORD,
    "districts": _KEYWORD,
    "location": {"type": "geo_point"},
    "valid_from": _DAY,
    "valid_until": _DAY,
    "review_due": _DAY,
    "update_time": {"type": "date", "format": "epoch_millis"},
    "title": {"properties": _ANALYSED},
    "summary": {"properties": _ANALYSED},
    "description": {"properties": _ANALYSED},
    "partner": {"type": "text", "analyzer": "lotse_plain"},
    "partner_name": _KEYWORD,
    "free_places": _KEYWORD,
    "folded_title": _FOLDED,
    "folded": _FOLDED,
    "parts_title": _PARTS,
    "parts_text": _PARTS,
    "entry": {"type": "binary", "doc_values": False},
}
"""Every field; `dynamic: strict` refuses any other, so that a mistake in our documents is seen at once."""

_INDEX_SETTINGS: dict[str, Any] = {
    "number_of_shards": 1,
    # Without an explicit interval a shard that nobody searched for 30 s stops refreshing (search-engine.md, trap 6).
    "refresh_interval": "-1",
    "number_of_replicas": 0,
    # Second net only: the engine forgets deletes at a restart, so ours are tombstone documents (trap 3).
    "gc_deletes": "1d",
}

_UNDERSTANDING = Path(__file__).parents[1] / "understanding"
_FOLDING = [(_UNDERSTANDING / f"{module}.py").read_text("utf-8") for module in ("fold", "ideographs")]
_SHAPE = [PROPERTIES, ANALYSIS, _INDEX_SETTINGS, _FOLDING, version("opencc")]
FINGERPRINT = hashlib.sha256(json.dumps(_SHAPE, sort_keys=True).encode()).hexdigest()[:16]
"""Names this shape of the index and how its texts are folded; stored in it."""


def index_body() -> dict[str, Any]:
    """Give what creates an index that is to be filled: not refreshed until `serving_settings` are put."""
    return {
        "settings": {"index": _INDEX_SETTINGS, "analysis": ANALYSIS},
        "mappings": {"dynamic": "strict", "_meta": {"fingerprint": FINGERPRINT}, "properties": PROPERTIES},
    }


def serving_settings(refresh_interval_ms: int) -> dict[str, Any]:
    """Give the settings with which a filled index serves: changes show after this many milliseconds."""
    return {"index": {"refresh_interval": f"{refresh_interval_ms}ms"}}
