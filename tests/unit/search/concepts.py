"""What counts as the right concept: the one named, or a narrower one of it, for that says the same more exactly."""

from collections.abc import Collection

from services.search.thesaurus import Thesaurus


def at_least_as_exact(thesaurus: Thesaurus, named: str | Collection[str]) -> frozenset[str]:
    """Give the concepts named and all that lie below them; KeyError for one that is not in the thesaurus."""
    todo = [named] if isinstance(named, str) else list(named)
    found: set[str] = set()
    while todo:
        concept = todo.pop()
        if concept not in found:
            found.add(concept)
            todo += [one for one, relation in thesaurus.neighbours(concept).items() if relation == "narrower"]
    return frozenset(found)
