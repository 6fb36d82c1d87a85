"""What a question is understood as: topic, place, language, consultation language and who is asking."""

from collections.abc import Callable
from types import MappingProxyType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.search.domain.offers import AutomaticTopic
from services.search.domain.searching import DEFAULT_SUGGESTIONS
from services.search.thesaurus import Concept, Thesaurus, load_thesaurus
from services.search.understanding import Understander, build_understander, load_places
from services.search.understanding.linker import IndexedLabel, build_linker
from services.search.understanding.offtopic import PREFIX
from services.search.understanding.words import MOST_CHARACTERS
from tests.unit.search.concepts import at_least_as_exact

any_text = st.text(alphabet=st.characters(exclude_categories=()), max_size=120)


@pytest.fixture(scope="module")
def understander() -> Understander:
    return build_understander()


@given(query=any_text, ui_language=st.sampled_from(["de", "uk", "ar", "zh-Hant", "", "no such tag"]))
@settings(deadline=None, max_examples=150)
def test_any_text_is_understood_without_an_error_and_twice_alike(
    understander: Understander, query: str, ui_language: str
) -> None:
    first = understander.understand(query, ui_language)
    assert first == understander.understand(query, ui_language)
    assert first.abstain == (not first.concepts)
    assert all(0.0 <= link.weight <= 1.0 for link in (*first.concepts, *first.suggestions))
    assert len(first.concepts) <= 5


@given(prefix=any_text, language=st.sampled_from(["de", "fa", "", "xx"]), limit=st.integers(-1, 20))
@settings(deadline=None, max_examples=100)
def test_type_ahead_never_fails_and_names_each_concept_once(
    understander: Understander, prefix: str, language: str, limit: int
) -> None:
    offered = understander.suggest(prefix, language, limit)
    assert len(offered) <= max(limit, 0)
    assert len({link.id for link in offered}) == len(offered)


@given(title=any_text, text=any_text)
@settings(deadline=None, max_examples=50)
def test_topics_of_any_text_never_fail(understander: Understander, title: str, text: str) -> None:
    topics = understander.topics_of(title, text)
    assert len(topics) <= 10
    assert all(0.0 < topic.weight <= 1.0 for topic in topics)
    assert not any(topic.id.startswith(PREFIX) for topic in topics)


@pytest.mark.parametrize("query", ["film über ärzte", "family movie", "handy kaputt händler zahlt nicht"])
def test_what_is_refused_as_no_topic_still_says_which_topics_come_nearest(
    understander: Understander, query: str
) -> None:
    understood = understander.understand(query)
    assert "off topic" in {step.name for step in understood.trace}
    assert understood.abstain
    assert len(understood.suggestions) == 3


def test_a_place_becomes_a_district_and_is_no_topic(understander: Understander) -> None:
    with_place = understander.understand("Wohnung in Bautzen")
    assert with_place.districts == ("14625",)
    assert with_place.concepts == understander.understand("Wohnung in").concepts


@pytest.mark.parametrize(
    ("query", "districts"),
    [
        ("Leipzig", ("14713",)),
        ("Landkreis Leipzig", ("14729",)),
        ("квартира в Дрездене", ("14612",)),
        ("робота у Дрездені", ("14612",)),
        ("شقة بدريسدن", ("14612",)),
        ("Dresden'de ev", ("14612",)),
        ("práce v Drážďanech", ("14612",)),
        ("praca w Lipsku", ("14713",)),
        ("Arbeit in der Lausitz", ("14625", "14626")),
        ("von Zwickau nach Plauen", ("14524", "14523")),
        ("Arbeit in Deutschland", ()),
        ("Arbeit in Sachsen", ("14",)),
        ("робота в Саксонії", ("14",)),
        ("عمل في ولاية ساكسونيا", ("14",)),
        ("Arbeit in Sachsen-Anhalt", ()),
        ("praca w Dolnej Saksonii", ()),
        ("Aşağı Saksonya'da iş", ()),
        ("práce z Dolního Saska", ()),
        ("lavoro in Bassa Sassonia", ()),
        ("عمل في ولاية ساكسونيا السفلى", ()),
        ("Arbeit im Freistaat Bayern", ()),
        ("Arbeit im Freistaat", ("14",)),
        ("Arbeit in Dresden, Sachsen", ("14612", "14")),
    ],
)
def test_places_are_found_in_many_scripts_and_cases(
    understander: Understander, query: str, districts: tuple[str, ...]
) -> None:
    assert understander.understand(query).districts == districts


@pytest.mark.parametrize(
    ("query", "languages"),
    [
        ("Beratung auf Arabisch", ("ar",)),
        ("advice in Vietnamese", ("vi",)),
        ("консультация на украинском", ("uk",)),
        ("porada po polsku", ("pl",)),
        ("poradenství arabsky", ("ar",)),
        ("Deutschkurs", ()),
        ("wir suchen Personal", ()),
    ],
)
def test_a_named_language_is_suggested_as_language_of_consultation(
    understander: Understander, query: str, languages: tuple[str, ...]
) -> None:
    assert understander.understand(query).consultation_languages == languages


@pytest.mark.parametrize(
    ("query", "language"),
    [
        ("Ich brauche eine Wohnung", "de"),
        ("я шукаю роботу", "uk"),
        ("я ищу работу", "ru"),
        ("жумуш издөө", "ky"),
        ("أبحث عن عمل", "ar"),
        ("دنبال کار می‌گردم", "fa"),
        ("tìm việc làm", "vi"),
        ("ስራ እደሊ", "ti"),
        ("找工作", "zh"),
        ("123", "und"),
    ],
)
def test_the_language_is_known_by_script_letters_and_statistics(
    understander: Understander, query: str, language: str
) -> None:
    assert understander.understand(query).language == language


def test_the_language_of_the_page_breaks_ties(understander: Understander) -> None:
    assert understander.understand("taxi", "de").language == "de"
    assert understander.understand("taxi", "fr").language == "fr"


@pytest.mark.parametrize(
    ("query", "audience"),
    [
        ("wir suchen Personal für unseren Betrieb", "company"),
        ("our company wants to hire staff", "company"),
        ("мне не платят зарплату", "person"),
        ("mein Arbeitgeber zahlt nicht", "person"),
        ("Sitzung der Fachkräfteallianz", "actor"),
        ("qwrtpsdfg", None),
    ],
)
def test_who_is_asking_is_a_hint(understander: Understander, query: str, audience: str | None) -> None:
    assert understander.understand(query).audience == audience


@pytest.mark.parametrize(
    ("query", "concept"),
    [
        ("fyvtkmleyu", "arrival"),
        ("gjbcr hf,jns", "job-search"),
        ("9anoun el3amal", "labour-law"),
        ("el3amal bdoun 3a9d", "employment-contract"),
    ],
)
def test_a_wrong_keyboard_or_chat_alphabet_is_read_when_nothing_else_links(
    understander: Understander, query: str, concept: str
) -> None:
    right = at_least_as_exact(load_thesaurus(), concept)
    assert understander.understand(query).concepts[0].id in right


def test_chat_words_that_labels_are_spelt_in_link_as_they_stand(understander: Understander) -> None:
    understood = understander.understand("3a9d 3amal")
    assert "employment-contract" in [link.id for link in understood.concepts]
    assert "read as" not in {step.name for step in understood.trace}


@pytest.mark.parametrize("word", ["Werk", "Werk*", "Weg"])
def test_a_short_german_word_is_not_read_in_another_alphabet(understander: Understander, word: str) -> None:
    assert "read as" not in {step.name for step in understander.understand(word).trace}


@pytest.mark.parametrize(
    ("query", "concept"),
    [
        (
            "Hallo, wie geht es Ihnen? Mein Chef hat mir den Lohn für März nicht gezahlt. Vielen Dank im Voraus.",
            "unpaid-wages",
        ),
        (
            "Hello! How are you today? I need a kindergarten place for my daughter. Thank you so much in advance.",
            "childcare",
        ),
    ],
)
def test_a_greeting_or_thanks_do_not_make_a_story_chatter(understander: Understander, query: str, concept: str) -> None:
    assert concept in [link.id for link in understander.understand(query).concepts]


def test_a_number_does_not_keep_a_wrong_keyboard_from_being_read(understander: Understander) -> None:
    assert understander.understand("fyvtkmleyu 17").read_as


@pytest.mark.parametrize("query", ["Messung 17", "ghbdtn 17"])
def test_a_number_speaks_for_no_other_reading_and_for_no_age(understander: Understander, query: str) -> None:
    assert "youth-migration-service" not in [link.id for link in understander.understand(query).concepts]


def test_a_question_about_something_else_abstains_and_offers_the_nearest(understander: Understander) -> None:
    understood = understander.understand("Rezept für Pfannkuchen")
    assert understood.abstain
    assert understood.concepts == ()
    assert 0 < len(understood.suggestions) <= 3


def test_an_empty_question_abstains_without_suggestions(understander: Understander) -> None:
    understood = understander.understand(" \u200b\ud800 ")
    assert understood.abstain
    assert understood.suggestions == ()
    assert understood.language == "und"


def test_a_very_long_question_is_cut_so_that_its_cost_is_bounded(understander: Understander) -> None:
    understood = understander.understand("Aufenthaltserlaubnis verlängern " * 50_000)
    assert len(understood.folded) <= MOST_CHARACTERS
    assert understood.concepts[0].id == "residence-permit"


@pytest.mark.parametrize(
    ("text", "topics"),
    [
        ("Beratung zu Arbeitsrecht und Sozialrecht", {"labour-law", "social-law"}),
        ("Deutschkurs B1 am Abend", {"german-course"}),
        ("Interkulturelle Schulung der Arbeitsmarktakteure", {"intercultural-training"}),
        ("Wir sind montags bis freitags für Sie da.", set()),
    ],
)
def test_an_offer_gets_only_topics_its_text_is_clearly_about(
    understander: Understander, text: str, topics: set[str]
) -> None:
    found = understander.topics_of(text, "")
    assert {link.id for link in found if AutomaticTopic(link.id, link.weight).is_clear} == topics


@pytest.mark.parametrize(
    ("prefix", "language", "concept"),
    [("Anerk", "de", "recognition"), ("дипл", "uk", "recognition"), ("học ng", "vi", "apprenticeship")],
)
def test_type_ahead_works_in_any_script_and_answers_in_the_wanted_language(
    understander: Understander, prefix: str, language: str, concept: str
) -> None:
    offered = understander.suggest(prefix, language, DEFAULT_SUGGESTIONS)
    assert concept in {link.id for link in offered}
    assert all(link.language == language for link in offered)


@pytest.mark.parametrize(
    ("prefix", "concept"), [("Anerk", "recognition"), ("Deutsch", "german-course"), ("Wohn", "housing")]
)
def test_of_equal_ones_type_ahead_offers_the_general_concept_first(
    understander: Understander, prefix: str, concept: str
) -> None:
    assert understander.suggest(prefix, "de", 3)[0].id == concept


def test_type_ahead_shows_a_foreign_match_by_its_name_in_the_wanted_language(understander: Understander) -> None:
    offered = {link.id: link.label for link in understander.suggest("Einbürg", "en", 3)}
    assert offered["naturalisation"] == "naturalisation"


def _concept(concept_id: str, *labels: str) -> Concept:
    german = MappingProxyType({"de": labels})
    return Concept(concept_id, (), (), "…", german, MappingProxyType({}), None)


@pytest.mark.parametrize("labels", [(), ("Wohnung",)])
def test_a_thesaurus_of_no_or_one_label_is_enough_to_run(labels: tuple[str, ...]) -> None:
    concepts = {"housing": _concept("housing", *labels)} if labels else {}
    small = Understander(Thesaurus(MappingProxyType(concepts)), load_places())
    assert small.understand("Wohnung").abstain == (not labels)
    assert small.understand("Guten Tag zusammen! Ich suche eine Wohnung.").abstain == (not labels)


def test_the_nearest_label_is_the_reason_given() -> None:
    words: Callable[[str], tuple[str, ...]] = lambda text: tuple(text.split())  # noqa: E731
    labels = [IndexedLabel("wages", words(text), text, "de") for text in ("lohn fehlt", "kein gehalt")]
    link = build_linker(labels, ()).link(("gehalt",))[0]
    assert link.label.shown == "kein gehalt"


def test_a_concept_that_shares_nothing_with_the_words_is_shown_by_its_first_label() -> None:
    linker = build_linker([IndexedLabel("wages", ("lohn",), "Lohn", "de")], ())
    scores = linker.scores(("ქორწილი",))
    assert not scores.values.any()
    assert linker.nearest(scores, 0).shown == "Lohn"


def test_what_is_said_of_every_concept_tells_none() -> None:
    words: Callable[[str], tuple[str, ...]] = lambda text: tuple(text.split())  # noqa: E731
    labels = [IndexedLabel("job", words("brauche dringend arbeit"), "…", "de")]
    labels += [IndexedLabel("flat", words(text), text, "de") for text in ("wohnung", "zimmer", "miete")]
    said = [(concept, words("brauche dringend")) for concept in ("flat", "school", "doctor")]
    asked = words("brauche dringend wohnung")
    assert build_linker(labels, ()).link(asked)[0].label.concept_id == "job"
    assert build_linker(labels, (), said * 20).link(asked)[0].label.concept_id == "flat"


def test_what_stands_in_labels_of_all_concepts_alike_is_left_out_alone_and_beside_unknown_words() -> None:
    labels = [IndexedLabel(f"c{n:02}", ("hilfe", f"{n:02}xyz"), f"Hilfe {n}", "de") for n in range(30)]
    linker = build_linker(labels, ())
    for words in (("hilfe",), ("hilfe", "ქორწილი")):
        assert not linker.scores(words).values.any()
    found = linker.link(("hilfe", "07xyz"))
    assert found[0].label.concept_id == "c07"
    assert found[0].score == pytest.approx(linker.link(("07xyz",))[0].score), "as if the word were not there"


def test_each_clause_of_a_story_tells_its_nearest_topic(understander: Understander) -> None:
    story = "Guten Tag, ich bin im Mai mit dem Zug gekommen. Meine Wohnung ist zu klein für uns, danke Ihnen sehr."
    (told,) = (step.found for step in understander.understand(story).trace if step.name == "clauses")
    assert "; Meine Wohnung ist zu klein für uns → housing 0." in told


def test_a_clause_that_says_nothing_is_near_to_nothing(understander: Understander) -> None:
    flat = "Meine Wohnung hier ist leider zu klein für uns alle und das Haus ist laut und dunkel."
    story = f"Dresden, Leipzig, Chemnitz, Zwickau. {flat}"
    (told,) = (step.found for step in understander.understand(story).trace if step.name == "clauses")
    assert told.startswith("Dresden Leipzig Chemnitz → –; ")


def test_words_of_no_label_may_be_a_name_but_a_sentence_without_spaces_is_none(understander: Understander) -> None:
    assert understander.understand("Deutschkurs Zwirbelkontor 17").unknown == ("zwirbelkontor",)
    assert understander.understand("我的老板不给我工资怎么办").unknown == ()
    assert not understander.understand("我的老板不给我工资怎么办").abstain


def test_reading_as_a_whole_takes_no_story_apart_and_changes_nothing_else(understander: Understander) -> None:
    whole = understander.reading_as_a_whole()
    story = "Guten Tag, ich bin im Mai mit dem Zug gekommen. Meine Wohnung ist zu klein für uns, danke Ihnen sehr."
    assert "clauses" not in {step.name for step in whole.understand(story).trace}
    assert whole.understand("Chef zahlt nicht") == understander.understand("Chef zahlt nicht")
