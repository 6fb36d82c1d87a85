"""Bad inputs to contacts, hours, sites and partners (reliability.md §7, "Directory")."""

from google.type import latlng_pb2

from lotse.common.v1 import contact_pb2
from lotse.directory.v1 import partner_pb2
from tests.e2e.bad_inputs.case import (
    CANARY,
    OFFER,
    address,
    bad_offer,
    bad_partner,
    bad_site,
    offer,
    partner,
    site,
    with_hours,
)

Contact = contact_pb2.ContactPoint
Period = contact_pb2.OpeningPeriod
MONDAY = contact_pb2.WEEKDAY_MONDAY
FOREIGN = "regions/leipzig"


CONTACTS_AND_HOURS = [
    bad_offer("contact-of-nothing", offer(contacts=[Contact(role=CANARY)]), "offer.contacts[0]"),
    bad_offer(
        "mail-with-display-name", offer(contacts=[Contact(email=f"{CANARY} <a@b.example>")]), "offer.contacts[0].email"
    ),
    bad_offer(
        "mail-with-line-break",
        offer(contacts=[Contact(email="a@b.example\r\nBcc: c@d.example")]),
        "offer.contacts[0].email",
    ),
    bad_offer("phone-with-letters", offer(contacts=[Contact(phone="+49CALLME00")]), "offer.contacts[0].phone"),
    bad_offer("phone-plus-zero", offer(contacts=[Contact(phone="+0351123456")]), "offer.contacts[0].phone"),
    bad_offer("phone-national", offer(contacts=[Contact(phone="0351123456")]), "offer.contacts[0].phone"),
    bad_offer("url-javascript", offer(contacts=[Contact(url="javascript:alert(1)")]), "offer.contacts[0].url"),
    bad_offer(
        "url-with-credentials", offer(contacts=[Contact(url="https://u:p@beispiel.example/")]), "offer.contacts[0].url"
    ),
    bad_offer("url-localhost", offer(contacts=[Contact(url="http://localhost/")]), "offer.contacts[0].url"),
    bad_offer("url-homograph", offer(contacts=[Contact(url="https://ехаmple.example/")]), "offer.contacts[0].url"),
    bad_offer(
        "url-too-long", offer(contacts=[Contact(url=f"https://beispiel.example/{'a' * 2000}")]), "offer.contacts[0].url"
    ),
    bad_offer(
        "person-without-consent",
        offer(contacts=[Contact(email="a@b.example", person_name=CANARY)]),
        "offer.contacts[0]",
    ),
    bad_offer(
        "two-primary-contacts",
        offer(contacts=[Contact(email="a@b.example", primary=True), Contact(email="c@d.example", primary=True)]),
        "offer.contacts",
    ),
    bad_offer(
        "hour-25", with_hours(Period(weekday=MONDAY, opens="25:00", closes="26:00")), "offer.hours.periods[0].opens"
    ),
    bad_offer(
        "closes-before-opens",
        with_hours(Period(weekday=MONDAY, opens="17:00", closes="09:00")),
        "offer.hours.periods[0]",
    ),
    bad_offer("weekday-missing", with_hours(Period(opens="09:00", closes="17:00")), "offer.hours.periods[0].weekday"),
    bad_offer(
        "hours-overlap",
        with_hours(
            Period(weekday=MONDAY, opens="09:00", closes="12:00"), Period(weekday=MONDAY, opens="11:00", closes="15:00")
        ),
        "offer.hours.periods",
    ),
    bad_offer("zone-unknown", with_hours(zone="Europe/Karl_Marx_Stadt"), "offer.hours.time_zone"),
]

SITES_AND_PARTNERS = [
    bad_site("site-kind-missing", site(kind=0), "site.kind"),
    bad_site("site-name-missing", site(display_name=""), "site.display_name"),
    bad_site(
        "site-postcode-four-digits", site(kind=1, address=address(postal_code="1067")), "site.address.postal_code"
    ),
    bad_site("site-in-austria", site(kind=1, address=address(region_code="AT")), "site.address.region_code"),
    bad_site(
        "site-coordinates-swapped",
        site(kind=1, location=latlng_pb2.LatLng(latitude=13.7, longitude=51.05)),
        "site.location",
    ),
    bad_site("site-on-null-island", site(kind=1, location=latlng_pb2.LatLng()), "site.location"),
    bad_site(
        "site-latitude-nan",
        site(kind=1, location=latlng_pb2.LatLng(latitude=float("nan"), longitude=13.7)),
        "site.location",
    ),
    bad_site("site-district-letters", site(district_code="DRESD"), "site.district_code"),
    bad_partner("partner-name-one-letter", partner(display_name="x"), "partner.display_name"),
    bad_partner("partner-kind-missing", partner(kind=0), "partner.kind"),
    bad_partner("partner-alternate-empty", partner(alternate_names=[""]), "partner.alternate_names[0]"),
    bad_partner(
        "partner-identifier-scheme",
        partner(identifiers=[partner_pb2.Identifier(scheme="Ä", value="1")]),
        "partner.identifiers[0].scheme",
    ),
    bad_partner("partner-parent-is-an-offer", partner(parent=OFFER), "partner.parent"),
    bad_partner("partner-name-with-control", partner(display_name=f"{CANARY}\x07"), "partner.display_name"),
]


CASES = [*CONTACTS_AND_HOURS, *SITES_AND_PARTNERS]
