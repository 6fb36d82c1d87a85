"""Bad inputs about cases, consents, referrals and notifications (reliability.md §7)."""

from typing import Any

from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message
from google.type import date_pb2

from lotse.directory.v1 import partner_pb2
from lotse.notify.v1 import notify_pb2, notify_service_pb2
from lotse.referral.v1 import case_pb2, case_requests_pb2, referral_requests_pb2
from tests.e2e.bad_inputs.case import CANARY, NOTIFY, PARENT, REFERRAL, Case

NOBODY = "0193a000-0000-4000-8000-00000000dead"
CASE = f"{PARENT}/cases/{NOBODY}"
REF = f"{PARENT}/referrals/{NOBODY}"
TARGET = "regions/sachsen/offers/faire-integration-lohn"
Person = case_pb2.Person


def good(**changes: Any) -> case_pb2.Case:
    """A good case, with changes."""
    values = {
        "intake_text": f"Chef zahlt nicht {CANARY}",
        "language_code": "uk",
        "audience": partner_pb2.AUDIENCE_PERSON,
    }
    return case_pb2.Case(**{**values, **changes})


def bad_case(id_: str, case: case_pb2.Case, path: str) -> Case:
    """CreateCase with a bad case."""
    request = case_requests_pb2.CreateCaseRequest(parent=PARENT, case=case)
    return refused(id_, "CreateCase", request, path)


def refused(id_: str, method: str, request: Message, path: str) -> Case:
    """A field of a referral call that breaks a rule."""
    return Case(id_, REFERRAL, method, request, "INVALID_ARGUMENT", "INVALID_FIELD", path, role="counsellor")


def missing(method: str, request: Message) -> Case:
    """A call about a record that is not there."""
    return Case(f"{method}-of-nothing", REFERRAL, method, request, "NOT_FOUND", "RESOURCE_NOT_FOUND", role="counsellor")


def bad_recipient(id_: str, path: str, recipient_id: str = "desk", **changes: Any) -> Case:
    """CreateRecipient with a bad recipient."""
    values: dict[str, Any] = {"display_name": "Beratung", "language_code": "de"}
    recipient = notify_pb2.Recipient(**{**values, **changes})
    request = notify_service_pb2.CreateRecipientRequest(parent=PARENT, recipient_id=recipient_id, recipient=recipient)
    return Case(id_, NOTIFY, "CreateRecipient", request, "INVALID_ARGUMENT", "INVALID_FIELD", path, role="operator")


INTAKE = [
    bad_case("intake-empty", good(intake_text=""), "case.intake_text"),
    bad_case("intake-two-letters", good(intake_text="ab"), "case.intake_text"),
    bad_case("intake-over-2000", good(intake_text="x" * 2001), "case.intake_text"),
    bad_case("case-language-missing", good(language_code=""), "case.language_code"),
    bad_case("case-language-upper-case", good(language_code="UK"), "case.language_code"),
    bad_case("case-district-letters", good(district_code="DRESD"), "case.district_code"),
    bad_case("case-audience-missing", good(audience=0), "case.audience"),
    bad_case("case-audience-unknown", good(audience=9), "case.audience"),
    bad_case("case-urgency-unknown", good(urgency=9), "case.urgency"),
    bad_case("case-topic-with-space", good(topics=["two words"]), "case.topics[0]"),
    bad_case("case-topic-twice", good(topics=["school", "school"]), "case.topics"),
    bad_case("case-eleven-topics", good(topics=[f"topic-{number}" for number in range(11)]), "case.topics"),
    bad_case("fact-without-kind", good(facts=[case_pb2.Fact(value="started")]), "case.facts[0].kind"),
    bad_case(
        "fact-with-a-sentence", good(facts=[case_pb2.Fact(kind="job", value="hat Arbeit")]), "case.facts[0].value"
    ),
    bad_case("paper-with-umlaut", good(document_kinds=["Kündigung"]), "case.document_kinds[0]"),
    bad_case("person-without-name", good(person=Person(phone="+493023125999")), "case.person"),
    bad_case("person-out-of-reach", good(person=Person(name=CANARY)), "case.person"),
    bad_case("person-bad-phone", good(person=Person(name=CANARY, phone="0351 1")), "case.person.phone"),
    bad_case(
        "person-bad-mail", good(person=Person(name=CANARY, email=f"{CANARY}\r\nBcc: x@y.example")), "case.person.email"
    ),
    bad_case("person-name-over-200", good(person=Person(name=CANARY * 20, phone="+493023125999")), "case.person.name"),
    bad_case(
        "person-note-over-2000",
        good(person=Person(name=CANARY, phone="+493023125999", note="x" * 2001)),
        "case.person.note",
    ),
    bad_case(
        "person-born-on-no-day",
        good(person=Person(name=CANARY, phone="+493023125999", birth_date=date_pb2.Date(year=2000, month=2, day=31))),
        "case.person.birth_date",
    ),
    refused("case-missing", "CreateCase", case_requests_pb2.CreateCaseRequest(parent=PARENT), "case"),
    refused("case-name-guessed", "GetCase", case_requests_pb2.GetCaseRequest(name=f"{PARENT}/cases/1"), "name"),
    refused(
        "case-mask-output-only",
        "UpdateCase",
        case_requests_pb2.UpdateCaseRequest(case=good(name=CASE, etag="x"), update_mask=FieldMask(paths=["consent"])),
        "update_mask",
    ),
    refused(
        "case-mask-unknown",
        "UpdateCase",
        case_requests_pb2.UpdateCaseRequest(case=good(name=CASE, etag="x"), update_mask=FieldMask(paths=[CANARY])),
        "update_mask",
    ),
    refused(
        "case-update-without-etag", "UpdateCase", case_requests_pb2.UpdateCaseRequest(case=good(name=CASE)), "case.etag"
    ),
    refused("erase-without-etag", "EraseCase", case_requests_pb2.EraseCaseRequest(name=CASE), "etag"),
    refused(
        "cases-page-negative", "ListCases", case_requests_pb2.ListCasesRequest(parent=PARENT, page_size=-1), "page_size"
    ),
]

Consent = case_pb2.Consent
consent = case_requests_pb2.GrantConsentRequest
AGREED = {"text_version": "2026-11", "language_code": "uk", "purpose": "referral", "channel": 1}
CONSENTS = [
    refused("consent-missing", "GrantConsent", consent(name=CASE), "consent"),
    refused(
        "consent-of-no-text",
        "GrantConsent",
        consent(name=CASE, consent=Consent(**{**AGREED, "text_version": ""})),
        "consent.text_version",
    ),
    refused(
        "consent-for-advertising",
        "GrantConsent",
        consent(name=CASE, consent=Consent(**{**AGREED, "purpose": "advertising"})),
        "consent.purpose",
    ),
    refused(
        "consent-by-no-channel",
        "GrantConsent",
        consent(name=CASE, consent=Consent(**{**AGREED, "channel": 0})),
        "consent.channel",
    ),
    refused(
        "consent-in-no-language",
        "GrantConsent",
        consent(name=CASE, consent=Consent(**{**AGREED, "language_code": ""})),
        "consent.language_code",
    ),
    refused("revoke-by-no-channel", "RevokeConsent", case_requests_pb2.RevokeConsentRequest(name=CASE), "channel"),
]

requests = referral_requests_pb2
STEPS = [
    refused("step-without-version", "AcceptReferral", requests.AcceptReferralRequest(name=REF), "expected_version"),
    refused(
        "step-version-negative",
        "StartReview",
        requests.StartReviewRequest(name=REF, expected_version=-1),
        "expected_version",
    ),
    refused("step-bad-name", "SubmitReferral", requests.SubmitReferralRequest(name=CASE, expected_version=1), "name"),
    refused(
        "decline-without-reason",
        "DeclineReferral",
        requests.DeclineReferralRequest(name=REF, expected_version=1),
        "reason",
    ),
    refused(
        "decline-reason-unknown",
        "DeclineReferral",
        requests.DeclineReferralRequest(name=REF, expected_version=1, reason=99),
        "reason",
    ),
    refused(
        "decline-text-over-1000",
        "DeclineReferral",
        requests.DeclineReferralRequest(name=REF, expected_version=1, reason=1, text="x" * 1001),
        "text",
    ),
    refused(
        "complete-without-outcome",
        "CompleteReferral",
        requests.CompleteReferralRequest(name=REF, expected_version=1),
        "outcome_code",
    ),
    refused(
        "withdraw-without-reason",
        "WithdrawReferral",
        requests.WithdrawReferralRequest(name=REF, expected_version=1),
        "reason",
    ),
    refused(
        "withdraw-own-words",
        "WithdrawReferral",
        requests.WithdrawReferralRequest(name=REF, expected_version=1, reason=CANARY),
        "reason",
    ),
    refused("refer-to-no-offer", "CreateReferral", requests.CreateReferralRequest(parent=PARENT, case=CASE), "offer"),
    refused(
        "refer-to-a-partner",
        "CreateReferral",
        requests.CreateReferralRequest(parent=PARENT, case=CASE, offer="regions/sachsen/partners/ibas"),
        "offer",
    ),
    refused("refer-no-case", "CreateReferral", requests.CreateReferralRequest(parent=PARENT, offer=TARGET), "case"),
    refused(
        "referral-request-id-no-uuid",
        "CreateReferral",
        requests.CreateReferralRequest(parent=PARENT, case=CASE, offer=TARGET, request_id=CANARY),
        "request_id",
    ),
    refused(
        "referrals-state-unspecified",
        "ListReferrals",
        requests.ListReferralsRequest(parent=PARENT, states=[0]),
        "states[0]",
    ),
    refused("referrals-side-unknown", "ListReferrals", requests.ListReferralsRequest(parent=PARENT, side=7), "side"),
    Case(
        "referrals-token-forged",
        REFERRAL,
        "ListReferrals",
        requests.ListReferralsRequest(parent=PARENT, page_token=CANARY),
        "INVALID_ARGUMENT",
        "PAGE_TOKEN_INVALID",
        role="counsellor",
    ),
    missing("CreateReferral", requests.CreateReferralRequest(parent=PARENT, case=CASE, offer=TARGET)),
    missing("GetCase", case_requests_pb2.GetCaseRequest(name=CASE)),
    missing("EraseCase", case_requests_pb2.EraseCaseRequest(name=CASE, etag="x")),
    missing("GrantConsent", consent(name=CASE, consent=Consent(**AGREED))),
    missing("RevokeConsent", case_requests_pb2.RevokeConsentRequest(name=CASE, channel=1)),
    missing("RecommendTargets", requests.RecommendTargetsRequest(name=CASE)),
    missing("GetReferral", requests.GetReferralRequest(name=REF)),
    missing("SubmitReferral", requests.SubmitReferralRequest(name=REF, expected_version=1)),
    missing("AcceptReferral", requests.AcceptReferralRequest(name=REF, expected_version=1)),
    missing("DeclineReferral", requests.DeclineReferralRequest(name=REF, expected_version=1, reason=1)),
    missing("WithdrawReferral", requests.WithdrawReferralRequest(name=REF, expected_version=1, reason="mistake")),
    missing("CloseReferral", requests.CloseReferralRequest(name=REF, expected_version=1)),
    missing("ProvePath", requests.ProvePathRequest(name=REF)),
]

FOREIGN = "regions/leipzig"
ELSEWHERE = [
    Case(f"foreign-{method}", REFERRAL, method, request, "PERMISSION_DENIED", "FOREIGN_REGION", role="counsellor")
    for method, request in {
        "CreateCase": case_requests_pb2.CreateCaseRequest(parent=FOREIGN, case=good()),
        "GetCase": case_requests_pb2.GetCaseRequest(name=f"{FOREIGN}/cases/{NOBODY}"),
        "ListReferrals": requests.ListReferralsRequest(parent=FOREIGN),
        "GetReferral": requests.GetReferralRequest(name=f"{FOREIGN}/referrals/{NOBODY}"),
        "AcceptReferral": requests.AcceptReferralRequest(name=f"{FOREIGN}/referrals/{NOBODY}", expected_version=1),
    }.items()
]
ROLES = [
    Case(f"{role}-may-not-{method}", REFERRAL, method, request, "PERMISSION_DENIED", "ROLE_NOT_ALLOWED", role=role)
    for role, method, request in (
        ("editor", "GetCase", case_requests_pb2.GetCaseRequest(name=CASE)),
        ("reader", "ListReferrals", requests.ListReferralsRequest(parent=PARENT)),
        ("operator", "GetReferral", requests.GetReferralRequest(name=REF)),
        ("hotline", "AcceptReferral", requests.AcceptReferralRequest(name=REF, expected_version=1)),
        ("coordinator", "GetCase", case_requests_pb2.GetCaseRequest(name=CASE)),
        ("service", "EraseCase", case_requests_pb2.EraseCaseRequest(name=CASE, etag="x")),
    )
]

RECIPIENTS = [
    bad_recipient("recipient-without-name", "recipient.display_name", display_name=""),
    bad_recipient("recipient-in-klingon", "recipient.language_code", language_code="tlh"),
    bad_recipient("recipient-bad-mail", "recipient.email", email=f"{CANARY}@"),
    bad_recipient("recipient-mail-with-line-break", "recipient.email", email="a@b.example\nBcc: c@d.example"),
    bad_recipient("recipient-channel-unspecified", "recipient.channels[0]", channels=[0]),
    bad_recipient("recipient-channel-twice", "recipient.channels", channels=[1, 1]),
    bad_recipient("recipient-topic-unknown", "recipient.topics[0]", topics=[99]),
    bad_recipient("recipient-id-upper-case", "recipient_id", recipient_id="Desk"),
    Case(
        "notifications-token-forged",
        NOTIFY,
        "ListNotifications",
        notify_service_pb2.ListNotificationsRequest(parent=PARENT, page_token=CANARY),
        "INVALID_ARGUMENT",
        "PAGE_TOKEN_INVALID",
        role="counsellor",
    ),
    Case(
        "acknowledge-nothing",
        NOTIFY,
        "AcknowledgeNotification",
        notify_service_pb2.AcknowledgeNotificationRequest(name=f"{PARENT}/notifications/{NOBODY}"),
        "NOT_FOUND",
        "RESOURCE_NOT_FOUND",
        role="counsellor",
    ),
    Case(
        "resend-nothing",
        NOTIFY,
        "ResendDelivery",
        notify_service_pb2.ResendDeliveryRequest(name=f"{PARENT}/deliveries/{NOBODY}"),
        "NOT_FOUND",
        "RESOURCE_NOT_FOUND",
        role="operator",
    ),
    Case(
        "recipient-of-nothing",
        NOTIFY,
        "GetRecipient",
        notify_service_pb2.GetRecipientRequest(name=f"{PARENT}/recipients/nobody"),
        "NOT_FOUND",
        "RESOURCE_NOT_FOUND",
        role="operator",
    ),
    Case(
        "counsellor-may-not-add-recipients",
        NOTIFY,
        "ListRecipients",
        notify_service_pb2.ListRecipientsRequest(parent=PARENT),
        "PERMISSION_DENIED",
        "ROLE_NOT_ALLOWED",
        role="counsellor",
    ),
    Case(
        "deliveries-of-another-region",
        NOTIFY,
        "ListDeliveries",
        notify_service_pb2.ListDeliveriesRequest(parent=FOREIGN),
        "PERMISSION_DENIED",
        "FOREIGN_REGION",
        role="operator",
    ),
]

CASES = [*INTAKE, *CONSENTS, *STEPS, *ELSEWHERE, *ROLES, *RECIPIENTS]
