"""Made-up cases and a person whose every field is a word that stands nowhere else: whoever finds it has leaked it."""

from typing import Any

from google.type.date_pb2 import Date

from lotse.directory.v1.partner_pb2 import AUDIENCE_PERSON
from lotse.referral.v1 import case_pb2

CANARIES = ("Kanarienvogel", "canary@example.org", "+49351000777", "Zeisigweg", "Stieglitznotiz")
"""What must be found nowhere but with those who may read it."""
TEXT_CANARY = "Rotkehlchentext"


def person() -> case_pb2.Person:
    return case_pb2.Person(
        name="Olena Kanarienvogel",
        birth_date=Date(year=1990, month=4, day=1),
        email="canary@example.org",
        phone="+49351000777",
        address="Zeisigweg 3, 01067 Dresden",
        note="Stieglitznotiz",
    )


def case(*, named: bool = True, **fields: Any) -> case_pb2.Case:
    given: dict[str, Any] = {
        "intake_text": f"Mein Diplom soll anerkannt werden ({TEXT_CANARY})",
        "language_code": "uk",
        "district_code": "14612",
        "topics": ["recognition"],
        "audience": AUDIENCE_PERSON,
        "facts": [case_pb2.Fact(kind="recognition", value="started")],
    }
    if named:
        given["person"] = person()
    return case_pb2.Case(**given | fields)


def consent() -> case_pb2.Consent:
    return case_pb2.Consent(
        text_version="2026-11",
        language_code="uk",
        purpose="referral",
        channel=case_pb2.CONSENT_CHANNEL_IN_PERSON,
    )
