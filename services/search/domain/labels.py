"""Names for people of what has no label in the thesaurus: districts, audiences, formats, kinds, all of Saxony."""

from collections.abc import Mapping

DISTRICTS: Mapping[str, str] = {
    "14511": "Chemnitz",
    "14521": "Erzgebirgskreis",
    "14522": "Mittelsachsen",
    "14523": "Vogtlandkreis",
    "14524": "Zwickau",
    "14612": "Dresden",
    "14625": "Bautzen",
    "14626": "Görlitz",
    "14627": "Meißen",
    "14628": "Sächsische Schweiz-Osterzgebirge",
    "14713": "Leipzig",
    "14729": "Landkreis Leipzig",
    "14730": "Nordsachsen",
}
"""Saxony's districts by official code (Amtlicher Gemeindeschlüssel, first five digits)."""

SAXONY: Mapping[str, str] = {
    "ar": "ساكسونيا",
    "bg": "Саксония",
    "cs": "Sasko",
    "de": "Sachsen",
    "en": "Saxony",
    "es": "Sajonia",
    "fa": "زاکسن",
    "fr": "Saxe",
    "hu": "Szászország",
    "it": "Sassonia",
    "pl": "Saksonia",
    "pt": "Saxónia",
    "ro": "Saxonia",
    "ru": "Саксония",
    "tr": "Saksonya",
    "uk": "Саксонія",
    "vi": "Sachsen",
    "zh": "萨克森州",
}
"""The state's name; English stands in for other languages."""

_AREAS = {"14": SAXONY["de"], **DISTRICTS}
"""The state has a code too, of two digits."""

GERMAN: Mapping[str, str] = {
    "AUDIENCE_PERSON": "Menschen, die Hilfe suchen",
    "AUDIENCE_COMPANY": "Unternehmen",
    "AUDIENCE_ACTOR": "Arbeitsmarktakteure",
    "OFFER_FORMAT_ON_SITE": "vor Ort",
    "OFFER_FORMAT_VIDEO": "per Video",
    "OFFER_FORMAT_PHONE": "am Telefon",
    "OFFER_FORMAT_MAIL": "per Brief oder E-Mail",
    "OFFER_KIND_COUNSELLING": "Beratung",
    "OFFER_KIND_QUALIFICATION_MEASURE": "Anpassungsmaßnahme",
    "OFFER_KIND_TRAINING": "Kurs",
    "OFFER_KIND_INFORMATION_EVENT": "Informationsveranstaltung",
    "OFFER_KIND_PROJECT": "Projekt",
    "OFFER_KIND_FUNDING": "Förderung",
    "OFFER_KIND_INFORMATION_PAGE": "Informationsseite",
    "OFFER_KIND_HOTLINE": "Hotline",
    "OFFER_KIND_NETWORKING": "Netzwerkarbeit",
    "OFFER_KIND_PLACEMENT": "Vermittlung",
    "free": "Plätze frei",
    "waiting_list": "voll, mit Warteliste",
    "full": "voll",
    "not_stated": "keine Angabe zu Plätzen",
}
"""Values of enums in German."""

ENGLISH: Mapping[str, str] = {
    "AUDIENCE_PERSON": "People who look for help",
    "AUDIENCE_COMPANY": "Companies",
    "AUDIENCE_ACTOR": "Labour market actors",
    "OFFER_FORMAT_ON_SITE": "On site",
    "OFFER_FORMAT_VIDEO": "By video",
    "OFFER_FORMAT_PHONE": "By telephone",
    "OFFER_FORMAT_MAIL": "By mail",
    "OFFER_KIND_COUNSELLING": "Counselling",
    "OFFER_KIND_QUALIFICATION_MEASURE": "Qualification measure",
    "OFFER_KIND_TRAINING": "Training",
    "OFFER_KIND_INFORMATION_EVENT": "Information event",
    "OFFER_KIND_PROJECT": "Project",
    "OFFER_KIND_FUNDING": "Funding",
    "OFFER_KIND_INFORMATION_PAGE": "Information page",
    "OFFER_KIND_HOTLINE": "Hotline",
    "OFFER_KIND_NETWORKING": "Networking",
    "OFFER_KIND_PLACEMENT": "Placement",
    "free": "Places free",
    "waiting_list": "Full, with a waiting list",
    "full": "Full",
    "not_stated": "Says nothing of places",
}
"""The same in English, which stands in for all other languages."""


def primary(language: str) -> str:
    """Give the primary subtag of a language tag; German when there is none."""
    return language.partition("-")[0].lower() or "de"


def district_label(code: str) -> str:
    """Name a district, or the state; one outside Saxony is shown by its code."""
    return _AREAS.get(code, code)


def saxony_label(language: str) -> str:
    """Name the state in a language."""
    return SAXONY.get(primary(language), SAXONY["en"])


def value_label(value: str, language: str) -> str:
    """Name an enum's value in a language; one without a name stands as it is."""
    return (GERMAN if primary(language) == "de" else ENGLISH).get(value, value)
