"""Distances on the earth as the search engine measures them: a sphere with the mean radius."""

from collections.abc import Iterable
from math import asin, cos, radians, sin, sqrt

from services.search.domain.questions import Circle

_EARTH_KM = 6371.0088
"""Mean radius (IUGG), which the engine's geo_distance uses too."""


def nearest_km(circle: Circle, places: Iterable[tuple[float, float]]) -> float | None:
    """Give the way from the middle of a circle to the nearest place (latitude, longitude); None without a place."""
    return min((_km(circle.latitude, circle.longitude, *place) for place in places), default=None)


def _km(latitude: float, longitude: float, other_latitude: float, other_longitude: float) -> float:
    one, other = radians(latitude), radians(other_latitude)
    across = sin(radians(other_longitude - longitude) / 2) ** 2
    return 2 * _EARTH_KM * asin(sqrt(min(1.0, sin((other - one) / 2) ** 2 + cos(one) * cos(other) * across)))
