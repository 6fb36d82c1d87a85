"""Owns the service's methods about cases: convert, call, convert."""
# ruff: noqa: N802 - gRPC names the methods; the contract's comments describe them
# ruff: noqa: D102

from typing import Any

from lotse.referral.v1 import case_requests_pb2 as messages
from lotse.referral.v1 import referral_requests_pb2 as targets
from services.common.names import RegionId, ResourceName
from services.common.paging import page_size_of
from services.referral.calls import Calls
from services.referral.convert.cases import case_from, case_message, channel_from, consent_from, sent_person
from services.referral.convert.referrals import candidate_messages
from services.referral.domain.case import Case, masked_fields
from services.referral.domain.routing import DEFAULT_RESULTS, MOST_RESULTS
from services.referral.handlers.cases import case_of, create_case, list_cases, owner_of, update_case
from services.referral.handlers.consent import erase_case, grant_consent, revoke_consent
from services.referral.handlers.recommending import recommend_targets
from services.referral.ports import Counters, Work

Context = Any
"""gRPC's context; everything a method needs of the call is in `current_call()`."""


class CaseMethods:
    """The methods that take a case."""

    def __init__(self, calls: Calls, counters: Counters) -> None:
        self._calls = calls
        self._counters = counters

    async def CreateCase(self, request: messages.CreateCaseRequest, context: Context) -> messages.CreateCaseResponse:
        self._calls.own_region(request.parent)
        draft, person = case_from(request.case), sent_person(request.case)

        async def effect(work: Work) -> messages.CreateCaseResponse:
            return messages.CreateCaseResponse(case=self._told(await create_case(work, draft, person)))

        return await self._calls.write(request, messages.CreateCaseResponse, effect)

    async def GetCase(self, request: messages.GetCaseRequest, context: Context) -> messages.GetCaseResponse:
        case_id = self._calls.own_id(request.name, "cases")
        async with self._calls.reading() as store:
            case = await case_of(store, case_id)
            person = await store.person(owner_of(case)) if self._calls.sees_persons() else None
        return messages.GetCaseResponse(case=case_message(case, self._calls.desk.region, person))

    async def ListCases(self, request: messages.ListCasesRequest, context: Context) -> messages.ListCasesResponse:
        self._calls.own_region(request.parent)
        place = self._calls.place_of(request)
        async with self._calls.reading() as store:
            found, after = await list_cases(store, place, page_size_of(request.page_size))
        token = self._calls.token_for(request, after)
        return messages.ListCasesResponse(cases=map(self._told, found), next_page_token=token)

    async def UpdateCase(self, request: messages.UpdateCaseRequest, context: Context) -> messages.UpdateCaseResponse:
        case_id = self._calls.own_id(request.case.name, "cases", "case.name")
        change, person = case_from(request.case), sent_person(request.case)
        names = masked_fields(request.update_mask.paths, (field.name for field, _ in request.case.ListFields()))

        async def effect(work: Work) -> messages.UpdateCaseResponse:
            after = await update_case(work, case_id, request.case.etag, change, person, names)
            return messages.UpdateCaseResponse(case=self._told(after))

        return await self._calls.write(request, messages.UpdateCaseResponse, effect)

    async def GrantConsent(
        self, request: messages.GrantConsentRequest, context: Context
    ) -> messages.GrantConsentResponse:
        case_id = self._calls.own_id(request.name, "cases")

        async def effect(work: Work) -> messages.GrantConsentResponse:
            after = await grant_consent(work, case_id, consent_from(request.consent))
            return messages.GrantConsentResponse(case=self._told(after))

        return await self._calls.write(request, messages.GrantConsentResponse, effect)

    async def RevokeConsent(
        self, request: messages.RevokeConsentRequest, context: Context
    ) -> messages.RevokeConsentResponse:
        case_id = self._calls.own_id(request.name, "cases")

        async def effect(work: Work) -> messages.RevokeConsentResponse:
            after, withdrawn = await revoke_consent(work, case_id, channel_from(request.channel))
            region = RegionId(self._calls.desk.region)
            names = [str(ResourceName(region, "referrals", referral_id)) for referral_id in withdrawn]
            return messages.RevokeConsentResponse(case=self._told(after), withdrawn_referrals=names)

        return await self._calls.write(request, messages.RevokeConsentResponse, effect)

    async def EraseCase(self, request: messages.EraseCaseRequest, context: Context) -> messages.EraseCaseResponse:
        case_id = self._calls.own_id(request.name, "cases")

        async def effect(work: Work) -> messages.EraseCaseResponse:
            return messages.EraseCaseResponse(case=self._told(await erase_case(work, case_id, request.etag)))

        return await self._calls.write(request, messages.EraseCaseResponse, effect)

    async def RecommendTargets(
        self, request: targets.RecommendTargetsRequest, context: Context
    ) -> targets.RecommendTargetsResponse:
        case_id = self._calls.own_id(request.name, "cases")
        most = page_size_of(request.max_results, DEFAULT_RESULTS, MOST_RESULTS)
        async with self._calls.reading() as store:
            case = await case_of(store, case_id)
        # The search may take seconds: nothing of ours stays open meanwhile.
        found = await recommend_targets(
            case, self._counters, request.language_code, frozenset(request.excluded_offers), most
        )
        regions = {one.counter.region for one in found}
        own, takes = self._calls.desk.region, self._calls.desk.regions.takes_referrals
        referable = frozenset(region for region in regions if region != own and takes(region))
        return targets.RecommendTargetsResponse(candidates=candidate_messages(found, request.language_code, referable))

    def _told(self, case: Case) -> Any:
        return case_message(case, self._calls.desk.region)
