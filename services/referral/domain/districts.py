"""Owns which of Saxony's districts border on each other (official district codes, first five digits of the AGS)."""

from collections.abc import Mapping

_BORDERS = (
    ("14511", "14522"),  # Chemnitz, Mittelsachsen
    ("14511", "14521"),  # Chemnitz, Erzgebirgskreis
    ("14511", "14524"),  # Chemnitz, Zwickau
    ("14521", "14522"),  # Erzgebirgskreis, Mittelsachsen
    ("14521", "14523"),  # Erzgebirgskreis, Vogtlandkreis
    ("14521", "14524"),  # Erzgebirgskreis, Zwickau
    ("14522", "14524"),  # Mittelsachsen, Zwickau
    ("14522", "14627"),  # Mittelsachsen, Meißen
    ("14522", "14628"),  # Mittelsachsen, Sächsische Schweiz-Osterzgebirge
    ("14522", "14729"),  # Mittelsachsen, Landkreis Leipzig
    ("14522", "14730"),  # Mittelsachsen, Nordsachsen
    ("14523", "14524"),  # Vogtlandkreis, Zwickau
    ("14612", "14625"),  # Dresden, Bautzen
    ("14612", "14627"),  # Dresden, Meißen
    ("14612", "14628"),  # Dresden, Sächsische Schweiz-Osterzgebirge
    ("14625", "14626"),  # Bautzen, Görlitz
    ("14625", "14627"),  # Bautzen, Meißen
    ("14625", "14628"),  # Bautzen, Sächsische Schweiz-Osterzgebirge
    ("14627", "14628"),  # Meißen, Sächsische Schweiz-Osterzgebirge
    ("14627", "14730"),  # Meißen, Nordsachsen
    ("14713", "14729"),  # Leipzig, Landkreis Leipzig
    ("14713", "14730"),  # Leipzig, Nordsachsen
    ("14729", "14730"),  # Landkreis Leipzig, Nordsachsen
)


def _neighbours() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for one, other in _BORDERS:
        found.setdefault(one, set()).add(other)
        found.setdefault(other, set()).add(one)
    return {code: frozenset(codes) for code, codes in found.items()}


NEIGHBOURS: Mapping[str, frozenset[str]] = _neighbours()
"""District to the districts that border on it; a code outside of Saxony is absent."""
