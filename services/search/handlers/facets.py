"""Names the values of facets for people, in the caller's language where there is a name."""

from collections.abc import Sequence
from functools import lru_cache

from babel import Locale, UnknownLocaleError

from services.search.domain.labels import primary, value_label
from services.search.domain.questions import FacetCount, FacetField
from services.search.domain.searching import LabelledCount
from services.search.handlers.parts import SearchParts


def labelled(
    field: FacetField, counts: Sequence[FacetCount], language: str, parts: SearchParts
) -> tuple[LabelledCount, ...]:
    """Give a facet's values with their names."""
    regions = {member.region: member.display_name for member in parts.federation.members()}

    def label_of(value: str) -> str:
        if field is FacetField.REGION:
            return next((name for region, name in regions.items() if region == value), value)
        if field is FacetField.TOPIC:
            return parts.thesaurus.label(value, language) if value in parts.thesaurus else value
        if field is FacetField.CONSULTATION_LANGUAGE:
            return language_name(value, language)
        return value_label(value, language)

    return tuple(LabelledCount(count.value, label_of(count.value), count.count) for count in counts)


@lru_cache(maxsize=4_096)
def language_name(tag: str, language: str) -> str:
    """Name a language (BCP 47) in another one, by CLDR; the tag itself when there is no name."""
    try:
        names = Locale.parse(primary(language)).languages
    except (UnknownLocaleError, ValueError):
        names = Locale("en").languages
    return str(names.get(tag.replace("-", "_")) or names.get(primary(tag)) or tag)
