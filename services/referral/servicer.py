"""Guarantees that each method about referrals is one use case: convert, call, convert. Cases: `case_calls`."""
# ruff: noqa: N802 - gRPC names the methods; the contract's comments describe them
# ruff: noqa: D102

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import structlog
from google.protobuf.message import Message

from lotse.referral.v1 import referral_requests_pb2 as messages
from lotse.referral.v1.referral_service_pb2_grpc import ReferralServiceServicer
from services.common.errors import ComeBackLater, MendTheState
from services.common.names import parse_name
from services.common.paging import page_size_of
from services.referral.calls import Calls
from services.referral.case_calls import CaseMethods, Context
from services.referral.convert.referrals import (
    decline_reason_from,
    outcome_from,
    proof_message,
    referral_message,
    side_from,
    states_from,
    timeline_messages,
)
from services.referral.domain.referral import Prerequisite, Referral
from services.referral.domain.transitions import Action
from services.referral.domain.values import OutcomeCode
from services.referral.handlers import deciding, sending
from services.referral.handlers.logbook import referral_of
from services.referral.handlers.proving import prove_path
from services.referral.handlers.reading import list_referrals
from services.referral.handlers.withdrawing import withdraw_referral
from services.referral.ports import Counters, ReferralQuery, Work

log = structlog.get_logger(__name__)

Answer = TypeVar("Answer", bound=Message)
Step = Callable[[Work, str], Awaitable[Referral]]


class ReferralServicer(CaseMethods, ReferralServiceServicer):
    """The service over its store, its keys and the search."""

    def __init__(self, calls: Calls, counters: Counters) -> None:
        super().__init__(calls, counters)

    async def CreateReferral(
        self, request: messages.CreateReferralRequest, context: Context
    ) -> messages.CreateReferralResponse:
        self._calls.own_region(request.parent)
        case_id = self._calls.own_id(request.case, "cases", "case")
        offer = parse_name(request.offer, "offers", "offer")
        required = await self._published(request.offer)

        async def effect(work: Work) -> messages.CreateReferralResponse:
            made = await sending.create_referral(work, case_id, offer, required)
            return messages.CreateReferralResponse(referral=referral_message(made))

        return await self._calls.write(request, messages.CreateReferralResponse, effect)

    async def SubmitReferral(
        self, request: messages.SubmitReferralRequest, context: Context
    ) -> messages.SubmitReferralResponse:
        required = await self._required_now(request.name)

        async def step(work: Work, referral_id: str) -> Referral:
            return await sending.submit_referral(work, referral_id, request.expected_version, required)

        return await self._step(request, messages.SubmitReferralResponse, step)

    async def GetReferral(self, request: messages.GetReferralRequest, context: Context) -> messages.GetReferralResponse:
        referral_id = self._calls.own_id(request.name, "referrals")
        async with self._calls.reading() as store:
            referral = await referral_of(store, referral_id)
            owner = deciding.person_owner(referral)
            person = await store.person(owner) if self._calls.sees_persons() else None
            lines = await store.log(referral_id)
        timeline = timeline_messages(referral, lines)
        return messages.GetReferralResponse(referral=referral_message(referral, person), timeline=timeline)

    async def ListReferrals(
        self, request: messages.ListReferralsRequest, context: Context
    ) -> messages.ListReferralsResponse:
        self._calls.own_region(request.parent)
        query = ReferralQuery(
            side=side_from(request.side),
            states=states_from(request.states),
            case_id=self._calls.own_id(request.case, "cases", "case") if request.case else "",
            after=self._calls.place_of(request),
            size=page_size_of(request.page_size),
        )
        async with self._calls.reading() as store:
            found, place = await list_referrals(store, query)
        return messages.ListReferralsResponse(
            referrals=map(referral_message, found), next_page_token=self._calls.token_for(request, place)
        )

    async def StartReview(self, request: messages.StartReviewRequest, context: Context) -> messages.StartReviewResponse:
        return await self._act(request, messages.StartReviewResponse, Action.START_REVIEW)

    async def AcceptReferral(
        self, request: messages.AcceptReferralRequest, context: Context
    ) -> messages.AcceptReferralResponse:
        required = await self._required_now(request.name)

        async def step(work: Work, referral_id: str) -> Referral:
            return await deciding.accept(work, referral_id, request.expected_version, required or ())

        return await self._step(request, messages.AcceptReferralResponse, step)

    async def DeclineReferral(
        self, request: messages.DeclineReferralRequest, context: Context
    ) -> messages.DeclineReferralResponse:
        async def step(work: Work, referral_id: str) -> Referral:
            reason = decline_reason_from(request.reason)
            return await deciding.decline(work, referral_id, request.expected_version, reason, request.text)

        return await self._step(request, messages.DeclineReferralResponse, step)

    async def StartService(
        self, request: messages.StartServiceRequest, context: Context
    ) -> messages.StartServiceResponse:
        return await self._act(request, messages.StartServiceResponse, Action.START_SERVICE)

    async def CompleteReferral(
        self, request: messages.CompleteReferralRequest, context: Context
    ) -> messages.CompleteReferralResponse:
        outcome = outcome_from(request.outcome_code)
        return await self._act(request, messages.CompleteReferralResponse, Action.COMPLETE, outcome)

    async def WithdrawReferral(
        self, request: messages.WithdrawReferralRequest, context: Context
    ) -> messages.WithdrawReferralResponse:
        async def step(work: Work, referral_id: str) -> Referral:
            return await withdraw_referral(work, referral_id, request.expected_version, request.reason)

        return await self._step(request, messages.WithdrawReferralResponse, step)

    async def CloseReferral(
        self, request: messages.CloseReferralRequest, context: Context
    ) -> messages.CloseReferralResponse:
        async def step(work: Work, referral_id: str) -> Referral:
            return await sending.close_referral(work, referral_id, request.expected_version)

        return await self._step(request, messages.CloseReferralResponse, step)

    async def ProvePath(self, request: messages.ProvePathRequest, context: Context) -> messages.ProvePathResponse:
        referral_id = self._calls.own_id(request.name, "referrals")
        async with self._calls.reading() as store:
            return proof_message(await prove_path(store, self._calls.desk.scribe, referral_id))

    async def _act(
        self,
        request: Any,
        answer: type[Answer],
        action: Action,
        outcome: OutcomeCode = OutcomeCode.UNSPECIFIED,
    ) -> Answer:
        async def step(work: Work, referral_id: str) -> Referral:
            return await deciding.act(work, referral_id, request.expected_version, action, outcome_code=outcome)

        return await self._step(request, answer, step)

    async def _step(self, request: Any, answer: type[Answer], step: Step) -> Answer:
        """Take a step of the referral that the request names."""
        referral_id = self._calls.own_id(request.name, "referrals")

        async def effect(work: Work) -> Answer:
            return answer(referral=referral_message(await step(work, referral_id)))

        return await self._calls.write(request, answer, effect)

    async def _published(self, offer: str) -> tuple[Prerequisite, ...]:
        """Give what an offer requires; raises REFERENCE_NOT_FOUND for one that the search knows not to be public."""
        try:
            found = await self._counters.offer(offer)
        except ComeBackLater:
            # Preparing must go on without the search; the target refuses what it does not have.
            return ()
        if found is None or not found.published:
            raise MendTheState("REFERENCE_NOT_FOUND", "there is no such published offer")
        return found.prerequisites

    async def _required_now(self, name: str) -> tuple[Prerequisite, ...] | None:
        """Give what a referral's offer requires as heard now; None when that cannot be known here."""
        referral_id = self._calls.own_id(name, "referrals")
        async with self._calls.reading() as store:
            referral = await store.referral(referral_id)
        try:
            found = await self._counters.offer(referral.offer) if referral is not None else None
        except ComeBackLater:
            return None
        return None if found is None else found.prerequisites
