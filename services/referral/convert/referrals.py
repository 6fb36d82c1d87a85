"""Owns the way between referrals of the domain and the contract's messages."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from lotse.directory.v1.directory_events_pb2 import OfferEntry
from lotse.referral.v1 import referral_events_pb2, referral_pb2
from lotse.referral.v1 import referral_requests_pb2 as requests
from services.common.names import RegionId, ResourceName
from services.referral.convert.cases import person_message, stamp
from services.referral.convert.entries import entry_message, signed_message
from services.referral.convert.enums import member_of, number_of
from services.referral.convert.previews import preview_message
from services.referral.domain.log import LogLine
from services.referral.domain.proof import Proof, is_receipted
from services.referral.domain.referral import Referral
from services.referral.domain.routing import Candidate
from services.referral.domain.values import DeclineReason, OutcomeCode, Person, Side, State
from services.referral.domain.wording import said


def referral_message(referral: Referral, person: Person | None = None) -> referral_pb2.Referral:
    """Write a referral, with the person only where one is given."""
    message = referral_pb2.Referral(
        name=referral_name(referral),
        side=number_of(referral.side, referral_pb2.Side.DESCRIPTOR),
        source_region=referral.source_region,
        target_region=referral.target_region,
        offer=referral.offer,
        case=_case_name(referral),
        state=number_of(referral.state, referral_pb2.ReferralState.DESCRIPTOR),
        version=referral.version,
        preview=preview_message(referral.preview),
        decline_reason=number_of(referral.decline_reason, referral_pb2.DeclineReason.DESCRIPTOR),
        decline_text=referral.decline_text,
        outcome_code=number_of(referral.outcome_code, referral_pb2.OutcomeCode.DESCRIPTOR),
        person_released=referral.person_released,
        create_time=stamp(referral.create_time),
        update_time=stamp(referral.update_time),
        handoff_confirmed=referral.handoff_confirmed,
        conflict=referral.conflict,
    )
    if person is not None:
        message.person.CopyFrom(person_message(person))
    return message


def timeline_messages(referral: Referral, lines: Iterable[LogLine]) -> list[referral_pb2.TimelineEntry]:
    """Write all steps, oldest first."""
    return [
        referral_pb2.TimelineEntry(
            entry=entry_message(line.entry),
            hash=line.signed.hash.hex(),
            key_id=line.signed.key_id,
            store_time=stamp(line.store_time),
            receipted=is_receipted(referral, line),
        )
        for line in lines
    ]


def changed_bytes(referral: Referral, moment: datetime, *, conflict: bool) -> bytes:
    """Write what the node's other services hear of a change."""
    return referral_events_pb2.ReferralChanged(
        name=referral_name(referral),
        side=number_of(referral.side, referral_pb2.Side.DESCRIPTOR),
        state=number_of(referral.state, referral_pb2.ReferralState.DESCRIPTOR),
        version=referral.version,
        other_region=referral.other_region,
        offer=referral.offer,
        time=stamp(moment),
        handoff_confirmed=referral.handoff_confirmed,
        conflict=conflict,
    ).SerializeToString(deterministic=True)


def candidate_messages(
    candidates: Sequence[Candidate], language: str, referable: frozenset[str]
) -> list[requests.Candidate]:
    """Write recommended counters; `referable` are the regions to which a referral can be sent from here."""
    return [
        requests.Candidate(
            entry=OfferEntry.FromString(one.counter.entry),
            reasons=[said(reason, language) for reason in one.reasons],
            obstacles=[
                requests.Obstacle(topic=step.topic, label=step.label or step.topic, hard=step.hard, offers=step.offers)
                for step in one.obstacles
            ],
            fallback=one.fallback,
            referable=one.counter.region in referable,
        )
        for one in candidates
    ]


def proof_message(proof: Proof) -> requests.ProvePathResponse:
    """Write the proof."""
    return requests.ProvePathResponse(
        proven=not proof.problems,
        version=proof.head.version,
        head_hash=proof.head.hash.hex(),
        peer_version=proof.peer.version,
        peer_head_hash=proof.peer.hash.hex(),
        problems=proof.problems,
        log=[signed_message(signed) for signed in proof.log],
    )


def side_from(number: int) -> Side:
    """Read a side."""
    return member_of(Side, referral_pb2.Side.DESCRIPTOR, number)


def states_from(numbers: Iterable[int]) -> frozenset[State]:
    """Read states."""
    return frozenset(member_of(State, referral_pb2.ReferralState.DESCRIPTOR, number) for number in numbers)


def decline_reason_from(number: int) -> DeclineReason:
    """Read a reason."""
    return member_of(DeclineReason, referral_pb2.DeclineReason.DESCRIPTOR, number)


def outcome_from(number: int) -> OutcomeCode:
    """Read an outcome."""
    return member_of(OutcomeCode, referral_pb2.OutcomeCode.DESCRIPTOR, number)


def referral_name(referral: Referral) -> str:
    """Name a referral as this node does: in its own region, with the id that both sides share."""
    own = referral.source_region if referral.side is Side.SOURCE else referral.target_region
    return str(ResourceName(RegionId(own), "referrals", referral.id))


def _case_name(referral: Referral) -> str:
    if not referral.case_id:
        return ""
    return str(ResourceName(RegionId(referral.source_region), "cases", referral.case_id))
