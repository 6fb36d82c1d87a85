"""Understanding a question: language, places, audience and above all the concepts it is about."""

from services.search.understanding.model import Audience, LinkedConcept, Understanding
from services.search.understanding.places import Places, load_places
from services.search.understanding.understand import Understander, build_understander

__all__ = [
    "Audience",
    "LinkedConcept",
    "Places",
    "Understander",
    "Understanding",
    "build_understander",
    "load_places",
]
