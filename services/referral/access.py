"""Owns who may call what: counsellors everything, the hotline what begins a referral, coordinators how it goes on."""

from lotse.referral.v1.referral_service_pb2 import DESCRIPTOR
from services.common.rpc.access import Access, AccessTable, rows
from services.common.rpc.callers import Role

SERVICE = DESCRIPTOR.services_by_name["ReferralService"].full_name
"""Full name of the service."""

_COUNSELLOR = Access(frozenset({Role.COUNSELLOR}), "own")
_FRONT = Access(frozenset({Role.COUNSELLOR, Role.HOTLINE}), "own")
_OVERSEEING = Access(frozenset({Role.COUNSELLOR, Role.COORDINATOR}), "own")

ACCESS: AccessTable = {
    **rows(SERVICE, _FRONT, "CreateCase", "GetCase", "ListCases"),
    **rows(SERVICE, _COUNSELLOR, "UpdateCase", "GrantConsent", "RevokeConsent", "EraseCase"),
    **rows(SERVICE, _FRONT, "RecommendTargets", "CreateReferral", "SubmitReferral"),
    **rows(SERVICE, _OVERSEEING, "GetReferral", "ListReferrals"),
    **rows(SERVICE, _COUNSELLOR, "StartReview", "AcceptReferral", "DeclineReferral", "StartService"),
    **rows(SERVICE, _COUNSELLOR, "CompleteReferral", "WithdrawReferral", "CloseReferral", "ProvePath"),
}
"""Every method and who may use it."""
