"""Judges the evidence of a referral storm: nothing lost, nothing twice, both sides alike, persons where they belong."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from lotse.notify.v1 import notify_pb2 as n
from lotse.referral.v1 import referral_pb2 as r
from services.common.names import RegionId
from services.notify.catching import CaughtMail
from tests.support.canaries import Scan
from tests.support.storm.referral_evidence import Evidence, Sight
from tests.support.storm.referral_plans import CANARY
from tests.support.storm.referral_stage import REFERRING
from tests.support.storm.referral_walks import Record

_TOLD_OTHERWISE = {
    (r.SIDE_SOURCE, r.REFERRAL_STATE_DELIVERED): n.TOPIC_REFERRAL_DELIVERED,
    (r.SIDE_SOURCE, r.REFERRAL_STATE_ACCEPTED): n.TOPIC_HANDOFF_CONFIRMED,
    (r.SIDE_SOURCE, r.REFERRAL_STATE_DECLINED): n.TOPIC_REFERRAL_DECLINED,
    (r.SIDE_SOURCE, r.REFERRAL_STATE_WITHDRAWN): n.TOPIC_REFERRAL_WITHDRAWN,
    (r.SIDE_TARGET, r.REFERRAL_STATE_DELIVERED): n.TOPIC_REFERRAL_RECEIVED,
    (r.SIDE_TARGET, r.REFERRAL_STATE_WITHDRAWN): n.TOPIC_REFERRAL_WITHDRAWN,
}
"""By side and state; what is not here is told as "changed"."""
_ONCE_IN_A_LIFE = frozenset({n.TOPIC_HANDOFF_CONFIRMED, n.TOPIC_REFERRAL_WITHDRAWN})
"""Told once, with whatever version: the source may say "withdrawn" before the target has written it."""

Told = tuple[str, int, int]
"""Recipient, topic, version (0 for what is told once in a life)."""


def check(records: Sequence[Record], evidence: Evidence, mails: Iterable[CaughtMail]) -> list[str]:
    """Give every broken promise in words."""
    findings = [problem for record in records for problem in _referral(record, evidence)]
    for region in REFERRING:
        findings += _inventory(region, records, evidence)
    findings += [f"parked: {name}: {count}" for name, count in evidence.parked.items() if count]
    return findings + list(_mails(evidence, list(mails)))


def leaks(folder: Path) -> list[str]:
    """Name the files below a folder that hold a canary."""
    return [str(path.relative_to(folder)) for path in Scan([CANARY]).files(folder)]


def _referral(record: Record, evidence: Evidence) -> Iterator[str]:
    plan = record.plan
    source, target = evidence.sights[plan.source, record.id], evidence.sights[plan.target, record.id]
    problems = [
        *_alike(source, target),
        *_history(record, target),
        *_person(record, target),
        *_notifications(record, r.SIDE_SOURCE, plan.source, evidence),
        *_notifications(record, r.SIDE_TARGET, plan.target, evidence),
    ]
    for problem in problems:
        yield f"{problem} ({record.id}, {plan.takes_back} at {plan.takes_back_at}, {list(plan.steps)})"


def _alike(source: Sight, target: Sight) -> Iterator[str]:
    for side, sight in (("source", source), ("target", target)):
        if not sight.proof.proven:
            yield f"different: not proven at the {side}: {list(sight.proof.problems)}"
        if sight.referral.state != r.REFERRAL_STATE_CLOSED:
            yield f"lost: not closed at the {side}: {sight.referral.state}"
    if (source.referral.version, source.proof.head_hash) != (target.referral.version, target.proof.head_hash):
        yield "different: heads"
    if list(source.proof.log) != list(target.proof.log):
        yield "different: logs"


def _history(record: Record, target: Sight) -> Iterator[str]:
    states = Counter(entry.state for entry in target.log)
    if twice := [state for state, count in states.items() if count > 1]:
        yield f"double: states {twice}"
    written = {entry.version: entry.state for entry in target.log}
    for version, state in record.acked:
        if written.get(version) != state:
            yield f"lost: acknowledged state {state} at version {version}"
    steps: set[int] = {r.REFERRAL_STATE_DRAFT, r.REFERRAL_STATE_SUBMITTED, r.REFERRAL_STATE_DELIVERED}
    steps |= {r.REFERRAL_STATE_WITHDRAWN, r.REFERRAL_STATE_CLOSED} | {state for _, state in record.acked}
    if surplus := set(states) - steps:
        yield f"double: states nobody was told of {surplus}"


def _person(record: Record, target: Sight) -> Iterator[str]:
    """Expect the person exactly where it was released; a withdrawal that came too late leaves both possible."""
    states = {entry.state for entry in target.log}
    here = target.referral.person.name == f"Olena {record.plan.canary}"
    if target.referral.person_released != bool(target.referral.person.name):
        yield "different: the target says otherwise than it shows of the person"
    if r.REFERRAL_STATE_ACCEPTED not in states or r.REFERRAL_STATE_WITHDRAWN in states or not record.plan.named:
        wanted: bool | None = False
    elif record.plan.takes_back in {"revokes", "erases"} and record.asked_back:
        wanted = False
    else:
        wanted = None if record.conflicts else True
    if wanted is not None and here != wanted:
        yield f"{'lost' if wanted else 'leak'}: the person at the target"


def _notifications(record: Record, side: r.Side.ValueType, region: RegionId, evidence: Evidence) -> Iterator[str]:
    told = [each for each in evidence.notifications[region] if each.subject == record.name(region)]
    recipients = {each.recipient for each in evidence.notifications[region]}
    least = r.REFERRAL_STATE_SUBMITTED if side == r.SIDE_SOURCE else r.REFERRAL_STATE_DELIVERED
    log = [entry for entry in evidence.sights[region, record.id].log if entry.state >= least]
    topics = [(_TOLD_OTHERWISE.get((side, entry.state), n.TOPIC_REFERRAL_CHANGED), entry.version) for entry in log]
    wanted = Counter(_key(recipient, topic, version) for topic, version in topics for recipient in recipients)
    found = Counter(_key(each.recipient, each.topic, each.version) for each in told)
    refusals = record.conflicts if side == r.SIDE_SOURCE else 0
    surplus = found - wanted
    if refusals:  # it may have been told as withdrawn at once, before the target's decision was known
        surplus -= Counter(_key(recipient, n.TOPIC_REFERRAL_WITHDRAWN, 0) for recipient in recipients)
    if missing := wanted - found:
        yield f"lost: notifications at the {r.Side.Name(side)}: {dict(missing)}"
    is_refusal = all(topic == n.TOPIC_REFERRAL_CHANGED for _, topic, _ in surplus)
    if surplus.total() != refusals * len(recipients) or not is_refusal:
        yield f"double: notifications at the {r.Side.Name(side)}: {dict(surplus)}, {refusals} withdrawals were refused"


def _key(recipient: str, topic: int, version: int) -> Told:
    return recipient, topic, 0 if topic in _ONCE_IN_A_LIFE else version


def _inventory(region: RegionId, records: Sequence[Record], evidence: Evidence) -> Iterator[str]:
    if Counter(evidence.listed[region]) != Counter(record.name(region) for record in records):
        yield f"double or lost: {region} lists {len(evidence.listed[region])} referrals, not {len(records)}"
    own = sum(record.plan.source == region for record in records)
    if evidence.cases[region] != own:
        yield f"double or lost: {region} has {evidence.cases[region]} cases, not {own}"


def _mails(evidence: Evidence, mails: Sequence[CaughtMail]) -> Iterator[str]:
    """At most one mail a recipient and step: its subject names the referral's number and the step."""
    by_step = Counter((mail.recipients, mail.subject) for mail in mails)
    if twice := {key: count for key, count in by_step.items() if count > 1}:
        yield f"double: mails {twice}"
    states = Counter(
        each.state for found in evidence.deliveries.values() for each in found if each.channel == n.CHANNEL_MAIL
    )
    sent, unclear = states[n.DELIVERY_STATE_SENT], states[n.DELIVERY_STATE_UNKNOWN]
    if not sent <= len(mails) <= sent + unclear:
        yield f"lost or double: {len(mails)} mails came, {sent} are said to be sent and {unclear} are unknown"
    if states[n.DELIVERY_STATE_FAILED] or states[n.DELIVERY_STATE_PENDING]:
        yield f"lost: mails {dict(states)}"
    if any(CANARY.encode() in mail.raw for mail in mails):
        yield "leak: a person in a mail"
