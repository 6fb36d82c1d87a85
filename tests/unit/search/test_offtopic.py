"""What people type that no advice centre answers: said in every language, and never shown as a topic."""

from collections import defaultdict

from services.search.thesaurus import load_thesaurus
from services.search.thesaurus.checks import MANDATORY_LANGUAGES
from services.search.understanding.fold import fold, tokens_of
from services.search.understanding.offtopic import PREFIX, off_topic_labels


def test_every_category_has_labels_in_all_26_languages() -> None:
    said: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for category, language, label in off_topic_labels():
        assert tokens_of(fold(label)), (category, language, label)
        said[category][language] += 1
    assert len(MANDATORY_LANGUAGES) == 26
    assert {category: set(MANDATORY_LANGUAGES) ^ set(languages) for category, languages in said.items()} == {
        category: set() for category in said
    }
    assert [(name, language) for name, some in said.items() for language, count in some.items() if count < 4] == []


def test_a_category_is_no_concept_and_sorts_behind_all_of_them() -> None:
    categories = {category for category, _, _ in off_topic_labels()}
    thesaurus = load_thesaurus()
    assert all(category.startswith(PREFIX) for category in categories)
    assert max(thesaurus) < min(categories)


def test_no_label_says_what_a_concept_of_the_thesaurus_says() -> None:
    said = {
        fold(label): concept.id
        for concept in load_thesaurus().values()
        for by_language in (concept.labels, concept.hidden)
        for labels in by_language.values()
        for label in labels
    }
    both = [(label, said[fold(label)]) for _, _, label in off_topic_labels() if fold(label) in said]
    assert both == []
