"""Sealing and opening: what goes in comes out, only for its subject, only by its owner."""

from datetime import UTC, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lotse.federation.v1 import federation_service_pb2
from services.common.db.outbox import MAX_BODY_BYTES, OutboxRecord
from services.common.messaging.envelope import MOST_BYTES, open_envelope, seal, verifying
from services.common.messaging.members import Members, write_members
from services.common.messaging.members_file import MembersFile
from services.common.messaging.refusals import Reason, Refused
from services.common.messaging.subjects import catalog_subject, local_subject
from tests.unit.common.messaging.federation import DRESDEN, LEIPZIG, NOON, ROOT, SIGNERS, member_list, record

MEMBERS = Members(member_list())
YEAR = timedelta(days=365)
TOKENS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", fullmatch=True)


@st.composite
def records(draw: st.DrawFn) -> OutboxRecord:
    deleted = draw(st.booleans())
    return OutboxRecord(
        kind=draw(TOKENS),
        record_id=draw(TOKENS),
        epoch=draw(st.integers(1, 2**22 - 1)),
        revision=draw(st.integers(1, 2**40 - 1)),
        deleted=deleted,
        body=b"" if deleted else draw(st.binary(min_size=1, max_size=500)),
        time=NOON + draw(st.timedeltas(-50 * YEAR, 70 * YEAR)),
    )


@given(records(), st.integers(1, 2**63 - 1))
def test_what_was_sealed_is_opened_unchanged(sent: OutboxRecord, seq: int) -> None:
    subject = catalog_subject(DRESDEN, sent.kind, sent.record_id)
    data = seal(sent, seq, subject, DRESDEN, SIGNERS[DRESDEN])
    got = open_envelope(data, subject, MEMBERS, NOON, own_region=None)
    assert (got.kind, got.id, got.epoch, got.revision) == (sent.kind, sent.record_id, sent.epoch, sent.revision)
    assert (got.deleted, got.body, got.outbox_seq, got.origin) == (sent.deleted, sent.body, seq, DRESDEN)
    assert got.time.ToDatetime(UTC) == sent.time


@given(st.binary(max_size=400))
def test_any_bytes_are_refused_and_nothing_else_is_raised(data: bytes) -> None:
    with pytest.raises(Refused):
        open_envelope(data, catalog_subject(DRESDEN, "offer", "x"), MEMBERS, NOON, own_region=None)


@given(st.data())
def test_a_flipped_bit_anywhere_is_refused(data: st.DataObject) -> None:
    subject = catalog_subject(DRESDEN, "offer", "x")
    sealed = bytearray(seal(record(), 1, subject, DRESDEN, SIGNERS[DRESDEN]))
    sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(Refused):
        open_envelope(bytes(sealed), subject, MEMBERS, NOON, own_region=None)


@given(st.text(max_size=80))
def test_any_other_subject_is_refused(subject: str) -> None:
    sealed = seal(record(), 1, catalog_subject(DRESDEN, "offer", "x"), DRESDEN, SIGNERS[DRESDEN])
    with pytest.raises(Refused):
        open_envelope(sealed, subject, MEMBERS, NOON, own_region=DRESDEN)


def test_on_its_own_broker_a_node_believes_only_itself() -> None:
    subject = local_subject("directory", "offer", "x")
    own = seal(record(), 1, subject, DRESDEN, SIGNERS[DRESDEN])
    assert open_envelope(own, subject, MEMBERS, NOON, own_region=DRESDEN).id == "x"
    reasons = {}
    for name, data, region in (
        ("foreign", seal(record(), 1, subject, LEIPZIG, SIGNERS[LEIPZIG]), DRESDEN),
        ("no own region", own, None),
    ):
        with pytest.raises(Refused) as refusal:
            open_envelope(data, subject, MEMBERS, NOON, own_region=region)
        reasons[name] = refusal.value.reason
    assert reasons == {"foreign": Reason.KEY_UNKNOWN, "no own region": Reason.REGION_UNKNOWN}


def test_a_catalog_message_is_no_local_one() -> None:
    sealed = seal(record(), 1, catalog_subject(DRESDEN, "offer", "x"), DRESDEN, SIGNERS[DRESDEN])
    with pytest.raises(Refused) as refusal:
        open_envelope(sealed, local_subject("directory", "offer", "x"), MEMBERS, NOON, own_region=DRESDEN)
    assert refusal.value.reason is Reason.SUBJECT_MISMATCH


def test_the_largest_body_fits_the_streams() -> None:
    longest = "x" * 63
    sent = OutboxRecord(longest, longest, 2**22 - 1, 2**40 - 1, False, b"x" * MAX_BODY_BYTES, NOON)
    subject = catalog_subject(DRESDEN, longest, longest)
    sealed = seal(sent, 2**63 - 1, subject, DRESDEN, SIGNERS[DRESDEN])
    assert len(sealed) < MOST_BYTES - 4_096, "room for headers"
    assert open_envelope(sealed, subject, MEMBERS, NOON, own_region=None).id == longest


def test_more_bytes_than_a_stream_takes_are_not_even_parsed() -> None:
    with pytest.raises(Refused) as refusal:
        open_envelope(b"\0" * (MOST_BYTES + 1), catalog_subject(DRESDEN, "offer", "x"), MEMBERS, NOON, own_region=None)
    assert refusal.value.reason is Reason.MALFORMED


def test_a_readers_check_follows_the_member_list_in_force(tmp_path: Path) -> None:
    path = tmp_path / "members.binpb"
    write_members(path, member_list(), ROOT)
    verify = verifying(MembersFile(path, ROOT.public_bytes, lambda: NOON), lambda: NOON)
    subject = catalog_subject(LEIPZIG, "offer", "x")
    data = seal(record(), 1, subject, LEIPZIG, SIGNERS[LEIPZIG])
    assert verify(data, subject).origin == LEIPZIG
    write_members(path, member_list(member_list().members[0], serial=2), ROOT)
    with pytest.raises(Refused):
        verify(data, subject)


def test_reasons_are_those_of_the_contract() -> None:
    contract = set(federation_service_pb2.ParkReason.keys())
    assert {f"PARK_REASON_{reason}" for reason in Reason} == contract - {"PARK_REASON_UNSPECIFIED"}
