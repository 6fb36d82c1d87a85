"""The concept scheme: what people need advice on, and what they call it in every language."""

# The loader comes first: the checks fold labels with the understanding package, which itself needs the loader.
from services.search.thesaurus.loader import Concept, Thesaurus, ThesaurusError, load_thesaurus  # isort: skip
from services.search.thesaurus.checks import MANDATORY_LANGUAGES, validate  # isort: skip

__all__ = ["MANDATORY_LANGUAGES", "Concept", "Thesaurus", "ThesaurusError", "load_thesaurus", "validate"]
