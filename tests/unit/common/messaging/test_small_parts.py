"""Subjects, message ids, waits and the server's answers to a publish."""

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.common.messaging.backoff import Backoff
from services.common.messaging.publishing import STREAM_FULL, Acked, Rejected, read_answer
from services.common.messaging.subjects import (
    NotASubject,
    SubjectParts,
    catalog_subject,
    head_subject,
    local_subject,
    mail_filter,
    message_id,
    parse_subject,
    region_filter,
)
from services.common.names import RegionId
from tests.unit.common.messaging.federation import DRESDEN, LEIPZIG

TOKENS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", fullmatch=True)


@given(TOKENS, TOKENS, TOKENS)
def test_subjects_come_apart_as_they_were_put_together(first: str, kind: str, record_id: str) -> None:
    assert parse_subject(catalog_subject(RegionId(first), kind, record_id)) == SubjectParts(
        RegionId(first), None, kind, record_id
    )
    assert parse_subject(local_subject(first, kind, record_id)) == SubjectParts(None, first, kind, record_id)


def test_the_heads_subject_is_that_of_a_record() -> None:
    assert head_subject(DRESDEN) == "fed.cat.dresden.node.head"
    assert parse_subject(head_subject(DRESDEN)).kind == "node"


@pytest.mark.parametrize("part", ["", "*", ">", "a.b", "A", "a b", "-a", "a-", "ä", "x" * 64, "a\r\nPUB evil 0"])
def test_nothing_but_a_token_gets_into_a_subject(part: str) -> None:
    region = RegionId(part)
    makers: tuple[Callable[[], str], ...] = (
        lambda: catalog_subject(region, "offer", "x"),
        lambda: catalog_subject(DRESDEN, part, "x"),
        lambda: local_subject("directory", "offer", part),
        lambda: mail_filter(part),
        lambda: region_filter(region),
    )
    for make in makers:
        with pytest.raises(NotASubject):
            make()


@pytest.mark.parametrize("text", ["", "fed.cat.a.b", "fed.cat.a.b.c.d", "fed.to.a.b.c", "node.a.b", "x.y.z.a.b"])
def test_other_texts_are_no_subject_of_a_record(text: str) -> None:
    with pytest.raises(NotASubject):
        parse_subject(text)


def test_message_ids_differ_by_region_version_and_row() -> None:
    ids = {
        message_id(region, "offer", "x", epoch, revision, seq)
        for region in (DRESDEN, LEIPZIG)
        for epoch in (1, 2)
        for revision in (1, 2)
        for seq in (1, 2)
    }
    assert len(ids) == 16
    assert "dresden:offer:x:1.2:2" in ids


def test_waits_double_up_to_the_most_and_start_again() -> None:
    backoff = Backoff(0.1, 5.0, draw=lambda: 0.0)
    waits = [backoff.next() for _ in range(8)]
    assert waits == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]
    backoff.reset()
    assert backoff.next() == 0.1


@given(st.floats(0, 1, exclude_max=True))
def test_a_wait_is_shortened_by_a_half_at_most(draw: float) -> None:
    assert 0.5 <= Backoff(1.0, 5.0, draw=lambda: draw).next() <= 1.0


def test_the_servers_answers_are_understood() -> None:
    assert read_answer({}, b'{"stream":"CATALOG","seq":12}') == Acked(12, False)
    assert read_answer({}, b'{"stream":"CATALOG","seq":12,"duplicate":true}') == Acked(12, True)
    full = {"error": {"code": 503, "err_code": STREAM_FULL, "description": "maximum bytes exceeded"}}
    assert read_answer({}, json.dumps(full).encode()) == Rejected(STREAM_FULL)
    assert read_answer({}, b'{"error":{"code":500}}') == Rejected(500)
    assert read_answer({"Status": "503"}, b"") == Rejected(503)


@given(st.binary(max_size=60))
def test_any_other_answer_means_unknown(data: bytes) -> None:
    assert read_answer({}, data) is None or isinstance(json.loads(data), dict)


@pytest.mark.parametrize("data", [b"[]", b"1", b"null", b'"x"', b"{}", b'{"seq":"x"}', b'{"error":1}', b'{"error":{}}'])
def test_odd_json_means_unknown(data: bytes) -> None:
    assert read_answer({}, data) is None
