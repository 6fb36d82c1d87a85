"""Owns what all records have in common, and what partners and sites are."""

from dataclasses import dataclass
from datetime import datetime

from services.directory.domain.enums import Audience, PartnerKind, SiteKind, WheelchairAccess
from services.directory.domain.values import ContactPoint, LatLng, LocalizedText, OpeningHours, PostalAddress


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A named, counted, dated thing. `revision` counts changes from 1; times are UTC; `delete_time` None means live."""

    name: str = ""
    uid: str = ""
    revision: int = 0
    create_time: datetime | None = None
    update_time: datetime | None = None
    delete_time: datetime | None = None
    purge_time: datetime | None = None

    @property
    def id(self) -> str:
        """Give the last part of the name."""
        return self.name.rpartition("/")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Identifier:
    """An entry in a public register."""

    scheme: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Partner(Record):
    """An institution that offers something."""

    display_name: str = ""
    alternate_names: tuple[str, ...] = ()
    kind: PartnerKind = PartnerKind.UNSPECIFIED
    parent: str = ""
    identifiers: tuple[Identifier, ...] = ()
    texts: tuple[LocalizedText, ...] = ()
    audiences: tuple[Audience, ...] = ()
    topics: tuple[str, ...] = ()
    contacts: tuple[ContactPoint, ...] = ()
    funders: tuple[str, ...] = ()
    listed_only: bool = False
    provenance: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site(Record):
    """A place (or a telephone) where a partner is found."""

    partner: str = ""
    display_name: str = ""
    kind: SiteKind = SiteKind.UNSPECIFIED
    address: PostalAddress | None = None
    district_code: str = ""
    location: LatLng | None = None
    wheelchair_access: WheelchairAccess = WheelchairAccess.UNSPECIFIED
    accessibility_note: str = ""
    public_transport_note: str = ""
    hours: OpeningHours | None = None
    contacts: tuple[ContactPoint, ...] = ()
    provenance: str = ""
