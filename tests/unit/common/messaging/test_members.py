"""The member list: only the root key's word counts, and never an older one."""

from pathlib import Path

import pytest

from lotse.federation.v1.envelope_pb2 import (
    MEMBER_STATE_LEFT,
    MEMBER_STATE_REVOKED,
    MEMBER_STATE_UNSPECIFIED,
    MemberList,
    SignedEnvelope,
)
from services.common.clock import utc_now
from services.common.messaging.envelope import open_envelope, seal
from services.common.messaging.members import Members, MembersRefused, load_members, open_members, write_members
from services.common.messaging.members_file import MembersFile
from services.common.messaging.refusals import Reason, Refused
from services.common.messaging.subjects import catalog_subject
from services.common.names import RegionId
from tests.unit.common.messaging.federation import (
    DAY,
    DRESDEN,
    LEIPZIG,
    NOON,
    OTHER_ROOT,
    ROOT,
    SIGNERS,
    Validity,
    key_of,
    member,
    member_list,
    put_in_place,
    record,
    signer,
)


def test_a_list_signed_by_the_root_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "members.binpb"
    write_members(path, member_list(serial=7), ROOT)
    members = load_members(path, ROOT.public_bytes)
    assert (members.serial, members.regions()) == (7, (DRESDEN, LEIPZIG))
    assert members.active(DRESDEN)
    dresden = members.get(DRESDEN)
    assert dresden is not None
    assert dresden.display_name == "Dresden"
    assert members.get(RegionId("nowhere")) is None


def test_a_list_signed_by_another_root_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "members.binpb"
    write_members(path, member_list(), OTHER_ROOT)
    with pytest.raises(MembersRefused, match="root"):
        load_members(path, ROOT.public_bytes)


def test_the_roots_key_id_on_anothers_signature_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "members.binpb"
    write_members(path, member_list(), OTHER_ROOT)
    envelope = SignedEnvelope.FromString(path.read_bytes())
    envelope.key_id = ROOT.key_id
    with pytest.raises(MembersRefused, match="root"):
        open_members(envelope.SerializeToString(), ROOT.public_bytes)


def test_any_flipped_byte_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "members.binpb"
    write_members(path, member_list(), ROOT)
    content = path.read_bytes()
    for position in range(len(content)):
        changed = bytearray(content)
        changed[position] ^= 1
        with pytest.raises(MembersRefused):
            open_members(bytes(changed), ROOT.public_bytes)


@pytest.mark.parametrize("content", [b"", b"\xff" * 30, b"x" * 5_000_000])
def test_a_file_that_is_no_list_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "members.binpb"
    path.write_bytes(content)
    with pytest.raises(MembersRefused):
        load_members(path, ROOT.public_bytes)


@pytest.mark.parametrize(
    "broken",
    [
        member_list(member(DRESDEN), member(DRESDEN)),
        member_list(member(DRESDEN, state=MEMBER_STATE_UNSPECIFIED)),
        member_list(serial=0),
        MemberList(serial=1),
        *(
            member_list(member(RegionId(name), key_of(SIGNERS[DRESDEN])))
            for name in ("root", "hub", "search", "-", "A")
        ),
    ],
)
def test_a_list_that_breaks_its_rules_is_not_even_signed(tmp_path: Path, broken: MemberList) -> None:
    path = tmp_path / "members.binpb"
    with pytest.raises(MembersRefused):
        write_members(path, broken, ROOT)
    assert not path.exists()


def test_a_key_under_another_keys_id_is_refused() -> None:
    key = key_of(SIGNERS[DRESDEN])
    key.key_id = SIGNERS[LEIPZIG].key_id
    with pytest.raises(MembersRefused, match="id"):
        Members(member_list(member(DRESDEN, key)))


@pytest.mark.parametrize("state", [MEMBER_STATE_LEFT, MEMBER_STATE_REVOKED])
def test_a_region_that_left_or_was_revoked_is_read_no_more(state: int) -> None:
    listed = member_list()
    listed.members[0].state = state  # type: ignore[assignment]  # both are members of the enum
    members = Members(listed)
    assert not members.active(DRESDEN)
    subject = catalog_subject(DRESDEN, "offer", "x")
    data = seal(record(), 1, subject, DRESDEN, SIGNERS[DRESDEN])
    with pytest.raises(Refused) as refusal:
        open_envelope(data, subject, members, NOON, own_region=None)
    assert refusal.value.reason is Reason.REGION_UNKNOWN


@pytest.mark.parametrize(
    ("validity", "valid"),
    [
        (Validity(), True),
        (Validity(start=NOON), True),
        (Validity(start=NOON + DAY), False),
        (Validity(end=NOON), False),
        (Validity(end=NOON + DAY), True),
        (Validity(NOON - DAY, NOON + DAY), True),
    ],
)
def test_a_key_signs_only_within_its_time(validity: Validity, valid: bool) -> None:
    holder = SIGNERS[DRESDEN]
    members = Members(member_list(member(DRESDEN, key_of(holder, validity))))
    assert (members.key(DRESDEN, holder.key_id, NOON) is not None) is valid


def test_while_a_key_is_changed_both_sign() -> None:
    old, new = SIGNERS[DRESDEN], signer(9)
    members = Members(member_list(member(DRESDEN, key_of(old, Validity(end=NOON + DAY)), key_of(new))))
    for moment, expected in ((NOON, (True, True)), (NOON + 2 * DAY, (False, True))):
        found = tuple(members.key(DRESDEN, holder.key_id, moment) is not None for holder in (old, new))
        assert found == expected


def test_a_key_is_its_own_regions_only() -> None:
    members = Members(member_list())
    assert members.key(LEIPZIG, SIGNERS[DRESDEN].key_id, NOON) is None


def test_a_new_list_in_the_file_is_taken_up(tmp_path: Path) -> None:
    path = tmp_path / "members.binpb"
    write_members(path, member_list(), ROOT)
    file = MembersFile(path, ROOT.public_bytes, utc_now)
    assert file.current().active(DRESDEN)
    write_members(path, member_list(member(DRESDEN, state=MEMBER_STATE_REVOKED), serial=2), ROOT)
    assert file.current().serial == 2
    assert not file.current().active(DRESDEN)


def test_a_lower_serial_is_never_gone_back_to(tmp_path: Path) -> None:
    path = tmp_path / "members.binpb"
    write_members(path, member_list(), ROOT)
    old = path.read_bytes()
    write_members(path, member_list(member(DRESDEN, state=MEMBER_STATE_REVOKED), serial=2), ROOT)
    file = MembersFile(path, ROOT.public_bytes, lambda: NOON)
    put_in_place(path, old)
    assert file.current().serial == 2
    assert not file.current().active(DRESDEN)
    assert file.refused_since == NOON


@pytest.mark.parametrize("trouble", ["missing", "garbage", "other root"])
def test_a_file_that_goes_bad_leaves_the_last_good_list_in_force(tmp_path: Path, trouble: str) -> None:
    path = tmp_path / "members.binpb"
    write_members(path, member_list(), ROOT)
    file = MembersFile(path, ROOT.public_bytes, lambda: NOON)
    if trouble == "missing":
        path.unlink()
    elif trouble == "garbage":
        put_in_place(path, b"\xff")
    else:
        write_members(path, member_list(serial=5), OTHER_ROOT)
    assert file.current().serial == 1
    assert file.refused_since == NOON
    write_members(path, member_list(serial=6), ROOT)
    assert file.current().serial == 6
    assert file.refused_since is None


def test_a_node_does_not_start_without_a_list_it_can_trust(tmp_path: Path) -> None:
    with pytest.raises(MembersRefused):
        MembersFile(tmp_path / "absent", ROOT.public_bytes, utc_now)
