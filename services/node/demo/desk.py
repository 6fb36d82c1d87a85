"""One desk of one region in the demo: takes cases in, sends referrals, works on those that came."""

import asyncio
import time
from collections.abc import Sequence

from lotse.directory.v1 import partner_pb2
from lotse.notify.v1 import notify_pb2, notify_service_pb2
from lotse.notify.v1.notify_service_pb2_grpc import NotifyServiceStub
from lotse.referral.v1 import case_pb2, case_requests_pb2, referral_pb2, referral_requests_pb2
from lotse.referral.v1.referral_service_pb2_grpc import ReferralServiceStub
from services.node.demo.narrator import StepFailed
from services.node.demo.stage import Actor
from services.node.importing import PATIENCE

WAIT_SECONDS = 60.0
POLL_SECONDS = 0.05
CONSENT = case_pb2.Consent(
    text_version="2026-11", language_code="uk", purpose="referral", channel=case_pb2.CONSENT_CHANNEL_PHONE
)

State = referral_pb2.ReferralState


class Desk:
    """Calls the referral and notify services of one node as its counsellors do."""

    def __init__(self, actor: Actor, region: str) -> None:
        self._referral = actor.target("referral", "counsellor")
        self._notify = actor.target("notify", "operator")
        self._inbox = actor.target("notify", "counsellor")
        self._parent = f"regions/{region}"

    async def take_in(self, text: str, person: case_pb2.Person | None) -> case_pb2.Case:
        """Take a case in, with a consent when a person is named."""
        case = case_pb2.Case(
            intake_text=text,
            language_code="uk",
            district_code="14612",
            audience=partner_pb2.AUDIENCE_PERSON,
            person=person,
        )
        async with self._referral.channel() as channel:
            stub = ReferralServiceStub(channel)
            request = case_requests_pb2.CreateCaseRequest(parent=self._parent, case=case)
            created = (await stub.CreateCase(request)).case
            if person is None:
                return created
            agreed = case_requests_pb2.GrantConsentRequest(name=created.name, consent=CONSENT)
            return (await stub.GrantConsent(agreed)).case

    async def recommend(
        self, case: case_pb2.Case, without: Sequence[str] = ()
    ) -> Sequence[referral_requests_pb2.Candidate]:
        """Ask for counters."""
        request = referral_requests_pb2.RecommendTargetsRequest(name=case.name, excluded_offers=without)
        async with self._referral.channel() as channel:
            return (await ReferralServiceStub(channel).RecommendTargets(request)).candidates

    async def send(self, case: case_pb2.Case, offer: str) -> referral_pb2.Referral:
        """Refer a case to an offer."""
        async with self._referral.channel() as channel:
            stub = ReferralServiceStub(channel)
            create = referral_requests_pb2.CreateReferralRequest(parent=self._parent, case=case.name, offer=offer)
            draft = (await stub.CreateReferral(create)).referral
            submit = referral_requests_pb2.SubmitReferralRequest(name=draft.name, expected_version=draft.version)
            return (await stub.SubmitReferral(submit)).referral

    async def read(self, name: str) -> referral_pb2.Referral:
        """Read a referral by the name that either side knows it by."""
        own = f"{self._parent}/referrals/{name.rsplit('/', 1)[-1]}"
        async with self._referral.channel() as channel:
            request = referral_requests_pb2.GetReferralRequest(name=own)
            return (await ReferralServiceStub(channel).GetReferral(request)).referral

    async def until(self, name: str, *states: State.ValueType, person: bool = False) -> referral_pb2.Referral:
        """Wait until a referral has come here and stands in one of these states, with the person if asked for."""
        deadline = time.perf_counter() + WAIT_SECONDS
        own = f"{self._parent}/referrals/{name.rsplit('/', 1)[-1]}"
        while time.perf_counter() < deadline:
            for each in await self.came():
                if each.name == own and each.state in states and (each.person_released or not person):
                    return await self.read(name)
            await asyncio.sleep(POLL_SECONDS)
        wanted = " or ".join(State.Name(state) for state in states)
        raise StepFailed(f"{own} is not {wanted} after {WAIT_SECONDS:.0f} s")

    async def came(self) -> Sequence[referral_pb2.Referral]:
        """List referrals of both sides, newest first."""
        async with self._referral.channel() as channel:
            request = referral_requests_pb2.ListReferralsRequest(parent=self._parent, page_size=50)
            return (await ReferralServiceStub(channel).ListReferrals(request)).referrals

    async def accept(self, referral: referral_pb2.Referral) -> referral_pb2.Referral:
        """Look at a referral and accept it."""
        async with self._referral.channel() as channel:
            stub = ReferralServiceStub(channel)
            start = referral_requests_pb2.StartReviewRequest(name=referral.name, expected_version=referral.version)
            seen = (await stub.StartReview(start)).referral
            accept = referral_requests_pb2.AcceptReferralRequest(name=seen.name, expected_version=seen.version)
            return (await stub.AcceptReferral(accept)).referral

    async def decline(self, referral: referral_pb2.Referral) -> referral_pb2.Referral:
        """Decline for want of capacity."""
        async with self._referral.channel() as channel:
            request = referral_requests_pb2.DeclineReferralRequest(
                name=referral.name,
                expected_version=referral.version,
                reason=referral_pb2.DECLINE_REASON_NO_CAPACITY,
                text="Erst im Januar wieder Termine.",
            )
            return (await ReferralServiceStub(channel).DeclineReferral(request)).referral

    async def help(self, referral: referral_pb2.Referral) -> referral_pb2.Referral:
        """Do the work and complete it."""
        async with self._referral.channel() as channel:
            stub = ReferralServiceStub(channel)
            start = referral_requests_pb2.StartServiceRequest(name=referral.name, expected_version=referral.version)
            working = (await stub.StartService(start)).referral
            done = referral_requests_pb2.CompleteReferralRequest(
                name=working.name, expected_version=working.version, outcome_code=referral_pb2.OUTCOME_CODE_SOLVED
            )
            return (await stub.CompleteReferral(done)).referral

    async def prove(self, name: str) -> referral_requests_pb2.ProvePathResponse:
        """Compare both logs."""
        own = f"{self._parent}/referrals/{name.rsplit('/', 1)[-1]}"
        async with self._referral.channel() as channel:
            return await ReferralServiceStub(channel).ProvePath(referral_requests_pb2.ProvePathRequest(name=own))

    async def tell_by_mail(self, recipient: str, email: str, language: str) -> None:
        """Add a mailbox that is told everything: preparation, so it may take its time."""
        async with self._notify.channel(PATIENCE) as channel:
            await NotifyServiceStub(channel).CreateRecipient(
                notify_service_pb2.CreateRecipientRequest(
                    parent=self._parent,
                    recipient_id=recipient,
                    recipient=notify_pb2.Recipient(
                        display_name=recipient,
                        language_code=language,
                        email=email,
                        channels=[notify_pb2.CHANNEL_MAIL],
                    ),
                )
            )

    async def notifications(self, about: str) -> list[notify_pb2.Notification]:
        """List what the staff was told about one referral, oldest first."""
        async with self._inbox.channel() as channel:
            request = notify_service_pb2.ListNotificationsRequest(parent=self._parent, page_size=100)
            found = (await NotifyServiceStub(channel).ListNotifications(request)).notifications
        return [each for each in reversed(found) if each.subject.endswith(about.rsplit("/", 1)[-1])]
