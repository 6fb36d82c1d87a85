"""The small rules of the pipeline, each alone: rights, quota, deadline, metadata, rules of protos, addresses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lotse.directory.v1 import offer_pb2, offer_requests_pb2
from lotse.federation.v1 import federation_service_pb2
from services.common.errors import LotseError, SlowDown
from services.common.names import RegionId
from services.common.rpc.access import EVERYBODY, Access, authorise, authorise_names, check_table, named_record, rows
from services.common.rpc.address import parse_address, require_loopback
from services.common.rpc.callers import Caller, Role
from services.common.rpc.context import CallContext, call_if_any, current_call
from services.common.rpc.deadline import check_deadline
from services.common.rpc.metadata import language_of, token_of, trace_id_of
from services.common.rpc.quota import Quota
from services.common.rpc.validation import violations
from services.common.settings import StartupError

DRESDEN, LEIPZIG = RegionId("dresden"), RegionId("leipzig")


def reason_of(call: object, *arguments: object) -> str:
    try:
        call(*arguments)  # type: ignore[operator]
    except LotseError as error:
        return error.reason
    return ""


@pytest.mark.parametrize(
    ("region_rule", "role", "region", "reason"),
    [
        ("own", Role.EDITOR, DRESDEN, ""),
        ("own", Role.EDITOR, LEIPZIG, "FOREIGN_REGION"),
        ("own", Role.HOTLINE, DRESDEN, "ROLE_NOT_ALLOWED"),
        ("own", Role.HOTLINE, LEIPZIG, "ROLE_NOT_ALLOWED"),
        ("any", Role.EDITOR, LEIPZIG, ""),
        ("any", Role.HOTLINE, LEIPZIG, "ROLE_NOT_ALLOWED"),
    ],
)
def test_role_comes_before_region(region_rule: str, role: Role, region: RegionId, reason: str) -> None:
    access = Access(frozenset({Role.EDITOR}), region_rule)  # type: ignore[arg-type]
    assert reason_of(authorise, access, Caller(region, role, "x"), DRESDEN) == reason


def test_the_name_that_counts_is_the_request_s_own_then_its_parent_then_its_resource() -> None:
    get = offer_requests_pb2.GetOfferRequest(name="regions/a/offers/b")
    create = offer_requests_pb2.CreateOfferRequest(parent="regions/a", offer=offer_pb2.Offer(name="regions/z/offers/b"))
    update = offer_requests_pb2.UpdateOfferRequest(offer=offer_pb2.Offer(name="regions/c/offers/b"))
    assert named_record(get) == "regions/a/offers/b"
    assert named_record(create) == "regions/a"
    assert named_record(update) == "regions/c/offers/b"
    assert named_record(federation_service_pb2.GetNodeRequest()) == ""
    assert reason_of(authorise_names, Access(EVERYBODY), get, DRESDEN) == "FOREIGN_REGION"
    assert reason_of(authorise_names, Access(EVERYBODY, "any"), get, DRESDEN) == ""
    assert reason_of(authorise_names, Access(EVERYBODY), get, RegionId("a")) == ""


def test_a_table_must_fit_its_methods_exactly() -> None:
    table = rows("a.B", Access(EVERYBODY), "Get", "List")
    check_table(table, ["/a.B/Get", "/a.B/List"])
    with pytest.raises(StartupError) as caught:
        check_table(table, ["/a.B/Get", "/a.B/New"])
    assert caught.value.problems == ("method without an access row: /a.B/New", "access row without a method: /a.B/List")


def test_a_bucket_gives_its_burst_then_its_rate_and_says_how_long_to_wait() -> None:
    seconds = 0.0
    quota = Quota(2.0, 3, lambda: seconds)
    caller, other = Caller(DRESDEN, Role.EDITOR, "a"), Caller(DRESDEN, Role.EDITOR, "b")
    for _ in range(3):
        quota.take(caller)
    with pytest.raises(SlowDown) as caught:
        quota.take(caller)
    assert caught.value.retry_seconds == 0.5
    quota.take(other)
    seconds = 0.5
    quota.take(caller)
    assert reason_of(quota.take, caller) == "QUOTA_EXCEEDED"
    seconds = 1000.0
    assert [reason_of(quota.take, caller) for _ in range(4)] == ["", "", "", "QUOTA_EXCEEDED"]


@given(st.lists(st.floats(0, 1), max_size=60))
def test_no_caller_ever_gets_more_than_burst_and_rate_allow(steps: list[float]) -> None:
    seconds, granted = 0.0, 0
    quota = Quota(5.0, 4, lambda: seconds)
    for step in steps:
        seconds += step
        granted += not reason_of(quota.take, Caller(DRESDEN, Role.EDITOR, "a"))
    assert granted <= 4 + 5.0 * seconds + 1e-6


@pytest.mark.parametrize(
    ("left", "reason"),
    [
        (None, "DEADLINE_MISSING"),
        (61.1, "DEADLINE_TOO_LONG"),
        (86_400.0, "DEADLINE_TOO_LONG"),
        (61.0, ""),
        (0.1, ""),
        (0.0999, "DEADLINE_TOO_SHORT"),
        (0.0, "DEADLINE_TOO_SHORT"),
    ],
)
def test_deadlines_have_exact_borders(left: float | None, reason: str) -> None:
    assert reason_of(check_deadline, left) == reason


def test_a_handler_s_time_is_the_caller_s_less_twenty_milliseconds_and_never_negative() -> None:
    left = iter([1.0, 0.01])
    call = CallContext(Caller(DRESDEN, Role.EDITOR, "a"), "/a.B/C", "0" * 32, "", b"", "de", lambda: next(left))
    assert call.remaining() == pytest.approx(0.98)
    assert call.remaining() == 0.0


def test_there_is_no_call_outside_of_one() -> None:
    assert call_if_any() is None
    with pytest.raises(LookupError):
        current_call()


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "de"),
        ("en", "en"),
        ("en-US", "en"),
        ("EN", "en"),
        ("de,en", "de"),
        ("de;q=0.3, en;q=0.4", "en"),
        ("uk,en;q=0", "de"),
        ("*", "de"),
        ("en;q=7", "de"),
        (",,,;;q==", "de"),
        ("x" * 100_000 + ",en", "de"),
    ],
)
def test_the_better_liked_language_wins_and_german_is_the_default(header: str, language: str) -> None:
    assert language_of([("accept-language", header)]) == language


@given(
    st.lists(st.tuples(st.sampled_from(["authorization", "accept-language", "traceparent"]), st.text() | st.binary()))
)
def test_any_metadata_is_read_or_refused_in_our_words(metadata: list[tuple[str, str | bytes]]) -> None:
    assert reason_of(token_of, metadata) in {"TOKEN_MISSING", "TOKEN_INVALID", ""}
    assert language_of(metadata) in {"de", "en"}
    assert trace_id_of(metadata, lambda: "new")


@pytest.mark.parametrize(
    "header",
    ["", "00-" + "0" * 32 + "-b7ad6b7169203331-01", "00-" + "A" * 32 + "-b7ad6b7169203331-01", "00-" + "a" * 32, "\n"],
)
def test_a_trace_that_is_not_well_formed_is_replaced(header: str) -> None:
    assert trace_id_of([("traceparent", header)], lambda: "new") == "new"


def test_rules_of_protos_are_told_with_paths_and_without_values() -> None:
    offer = offer_pb2.Offer(kind=1, partner="CANARY", scope=2)  # type: ignore[arg-type]
    offer.prerequisites.add(topic="CANARY", offer="CANARY", state=1)
    offer.texts.add(language_code="de", title="ok")
    offer.texts.add(language_code="de", title="CANARY" * 40)
    found = violations(offer_requests_pb2.CreateOfferRequest(parent="regions/a", offer=offer))
    assert {(violation.path, violation.rule) for violation in found} >= {
        ("offer.prerequisites[0]", "give either a topic or an offer"),
        ("offer.texts[1].title", "must be at most 200 characters"),
    }
    assert "CANARY" not in repr(found)
    assert violations(offer_requests_pb2.GetOfferRequest(name="regions/a/offers/b")) == ()


@pytest.mark.parametrize("text", ["127.0.0.1:0", "localhost:7070", "[::1]:65535", "127.8.9.1:1"])
def test_loopback_is_recognised(text: str) -> None:
    require_loopback(parse_address(text))
    assert str(parse_address(text)) == text


@pytest.mark.parametrize("text", ["0.0.0.0:1", "[::]:1", "10.0.0.1:1", "localhost.example:1", "127.0.0.1.example:1"])
def test_what_may_leave_the_machine_is_not_loopback(text: str) -> None:
    with pytest.raises(StartupError, match="without TLS"):
        require_loopback(parse_address(text))


@pytest.mark.parametrize("text", ["", ":", "a:", ":1", "a:b", "a:65536", "a:-1", "::1:1", "[a]:1x", "a:١"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(StartupError, match="an address is"):
        parse_address(text)
