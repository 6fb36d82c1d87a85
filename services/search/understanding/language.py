"""Which language a question is in: the script decides first, letters next, statistics last.

The answer routes fields and display only, so a wrong one costs little; the language of the page breaks ties.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

from py3langid.langid import MODEL_FILE, LanguageIdentifier

UNKNOWN = "und"
"""BCP-47's own tag for an undetermined language."""

_LATIN = ("de", "en", "vi", "pl", "cs", "tr", "es", "fr", "pt", "it", "ro", "uz", "hu", "ku")
_CYRILLIC = ("uk", "ru", "ky", "uz", "sr", "bg")
_ARABIC = ("ar", "fa", "ku", "ur")

_SCRIPTS: tuple[tuple[str, re.Pattern[str], tuple[str, ...]], ...] = (
    ("latin", re.compile(r"[A-Za-zÀ-ɏḀ-ỿ]"), _LATIN),
    ("cyrillic", re.compile(r"[\u0400-\u052f]"), _CYRILLIC),
    ("arabic", re.compile(r"[\u0600-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufefc]"), _ARABIC),
    ("ethiopic", re.compile(r"[\u1200-\u137f]"), ("ti",)),
    ("devanagari", re.compile(r"[\u0900-\u097f]"), ("hi",)),
    ("georgian", re.compile(r"[\u10a0-\u10ff]"), ("ka",)),
    ("han", re.compile(r"[\u3400-\u9fff]"), ("zh",)),
)

_TELLTALES: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = (
    # Letters that only some of a script's languages use; the first rule that matches narrows the choice.
    (re.compile(r"[ћђљњџј]", re.IGNORECASE), ("sr",)),
    (re.compile(r"[їєґ]", re.IGNORECASE), ("uk",)),
    (re.compile(r"[ўқғҳ]", re.IGNORECASE), ("uz",)),
    (re.compile(r"[өүң]", re.IGNORECASE), ("ky",)),
    (re.compile(r"і", re.IGNORECASE), ("uk",)),
    (re.compile(r"[ыэё]", re.IGNORECASE), ("ru", "ky")),
    (re.compile(r"[ێۆڵڕڤ]"), ("ku",)),
    (re.compile(r"[ٹڈڑںےہھ]"), ("ur",)),
    (re.compile(r"[پچژگکی]"), ("fa", "ku", "ur")),
    (re.compile(r"[ةىأإ]"), ("ar",)),
    (re.compile(r"[ơưđạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ]", re.IGNORECASE), ("vi",)),
)

_COMMON = frozenset({"de", "en", "uk", "ru", "ar", "fa", "vi", "pl", "cs", "tr", "es", "fr"})
_COMMON_WEIGHT = 3.0
"""The thesaurus' main languages are asked far more often than Bulgarian or Hungarian."""
_UI_WEIGHT = 4.0
"""Whoever reads the page in a language mostly also asks in it; strong enough to decide words alike in two."""


def detect_language(text: str, ui_language: str = "") -> tuple[str, float]:
    """Return the BCP-47 tag of `text` and how sure it is (0 to 1); `("und", 0.0)` without any letter."""
    candidates = _candidates(text)
    if not candidates:
        return UNKNOWN, 0.0
    if len(candidates) == 1:
        return candidates[0], 1.0
    primary = ui_language.partition("-")[0].lower()
    scores = {
        language: likelihood * _prior(language, primary) for language, likelihood in _likelihoods(text, candidates)
    }
    best = max(sorted(scores), key=lambda language: scores[language])
    return best, round(scores[best] / sum(scores.values()), 4)


def _candidates(text: str) -> tuple[str, ...]:
    """Narrow to the languages of the script with the most letters, then by telltale letters."""
    counts = [(len(pattern.findall(text)), languages) for _, pattern, languages in _SCRIPTS]
    most, languages = max(counts, key=lambda pair: pair[0])
    if not most:
        return ()
    for pattern, telling in _TELLTALES:
        narrowed = tuple(language for language in languages if language in telling)
        if narrowed and pattern.search(text):
            return narrowed
    return languages


def _prior(language: str, ui_language: str) -> float:
    weight = _COMMON_WEIGHT if language in _COMMON else 1.0
    return weight * _UI_WEIGHT if language == ui_language else weight


def _likelihoods(text: str, candidates: Iterable[str]) -> list[tuple[str, float]]:
    wanted = frozenset(candidates)
    # Without surrogates: the identifier encodes to UTF-8; floored, so that a prior never multiplies a zero.
    clean = text.encode("utf-8", "ignore").decode("utf-8")
    return [(language, max(float(p), 1e-9)) for language, p in _identifier().rank(clean) if language in wanted]


@lru_cache(maxsize=1)
def _identifier() -> LanguageIdentifier:
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(sorted({*_LATIN, *_CYRILLIC, *_ARABIC}))
    return identifier
