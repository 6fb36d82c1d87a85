"""Letters survive their way, have only five lengths, and open only where they belong; entries keep their bytes."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lotse.referral.v1 import referral_mail_pb2 as mail
from services.common.crypto.sealing import SIZE_CLASSES, TAG_BYTES
from services.referral.convert.entries import entry_bytes, entry_from
from services.referral.convert.letters import (
    padded_bytes,
    receipt_bytes,
    receipt_from,
    release_from,
    sealed_from,
    step_from,
)
from services.referral.domain.letters import (
    Closing,
    Conflict,
    Content,
    Event,
    Receipt,
    Release,
    Request,
    Withdrawal,
)
from services.referral.domain.log import Entry, SignedEntry
from services.referral.domain.values import (
    Audience,
    DeclineReason,
    Fact,
    OutcomeCode,
    Person,
    Preview,
    State,
    Urgency,
)
from tests.unit.referral.nodes import DRESDEN, LEIPZIG, NOON, OFFER, Post, signer

ID = "0b6f3a5e-6f0c-4c53-9a86-3d0a6d8f7f10"
SIGNED = SignedEntry(b"entry", "0123456789abcdef", bytes(64))
PREVIEW = Preview(("recognition",), "uk", "14612", Audience.PERSON, Urgency.SOON, ("diploma",), (Fact("a", "b"),), True)
STEPS: list[Content] = [
    Request((SIGNED,), OFFER, PREVIEW),
    Event(SIGNED, "Erst der Antrag"),
    Withdrawal(3, "mistake"),
    Closing(7),
    Conflict(3, 4, State.ACCEPTED),
]
PERSON = Person("Olena Ł", date(1990, 4, 1), "olena@example.org", "+49351000777", "Weg 3", "ruft abends zurück")


@pytest.mark.parametrize("step", STEPS, ids=lambda step: type(step).__name__)
def test_a_step_is_read_as_it_was_written(step: Content) -> None:
    assert step_from(padded_bytes(step)) == step


@pytest.mark.parametrize("person", [PERSON, replace(PERSON, birth_date=None, email="")])
def test_a_person_is_read_as_it_was_written(person: Person) -> None:
    assert release_from(padded_bytes(Release(ID, person))) == Release(ID, person)


def test_a_person_shows_in_no_repr() -> None:
    assert "Olena" not in repr(Release(ID, PERSON))


@given(st.text(max_size=1000))
def test_letters_have_only_five_lengths(text: str) -> None:
    assert len(padded_bytes(Event(SIGNED, text))) in SIZE_CLASSES
    sealed = sealed_from(Post().source.desk.letters.seal(LEIPZIG, ID, 1, Event(SIGNED, text)))
    assert sealed is not None
    assert len(sealed.ciphertext) - TAG_BYTES in SIZE_CLASSES


def test_a_letter_opens_only_for_its_reader_under_its_number_and_from_its_sender() -> None:
    source, target = Post().source.desk.letters, Post().target.desk.letters
    body = source.seal(LEIPZIG, ID, 1, Closing(7))
    assert target.open(DRESDEN, ID, 1, body) == Closing(7)
    assert source.open(DRESDEN, ID, 1, body) is None
    assert target.open(DRESDEN, ID, 2, body) is None
    assert target.open(DRESDEN, ID[::-1].replace("_", "-"), 1, body) is None
    assert target.open("chemnitz", ID, 1, body) is None


@given(st.binary(max_size=200))
def test_bytes_that_are_no_letter_are_no_letter(junk: bytes) -> None:
    assert Post().target.desk.letters.open(DRESDEN, ID, 1, junk) is None
    assert step_from(mail.Padded(content=junk).SerializeToString()) in {None, *STEPS} or not junk


@pytest.mark.parametrize("refusal", ["", "forbidden"])
def test_a_receipt_is_read_as_it_was_written(refusal: str) -> None:
    receipt = Receipt(ID, 3, bytes(range(32)), State.ACCEPTED, 4, bytes(32), refusal)
    assert receipt_from(receipt_bytes(receipt)) == receipt


@pytest.mark.parametrize(
    "broken",
    [
        mail.Receipt(referral_id=ID, body_hash=b"short"),
        mail.Receipt(referral_id="x", body_hash=bytes(32)),
        mail.Receipt(referral_id=ID, body_hash=bytes(32), refused=True),
        mail.Receipt(referral_id=ID, body_hash=bytes(32), refusal="forbidden"),
    ],
)
def test_a_receipt_that_contradicts_itself_is_none(broken: mail.Receipt) -> None:
    assert receipt_from(broken.SerializeToString()) is None


@given(
    st.sampled_from([state for state in State if state is not State.UNSPECIFIED]),
    st.sampled_from(DeclineReason),
    st.sampled_from(OutcomeCode),
    st.integers(1, 2**40),
    st.binary(max_size=32),
    st.datetimes(min_value=NOON.replace(tzinfo=None, year=1971), max_value=NOON.replace(tzinfo=None, year=2999)),
)
def test_an_entry_is_read_as_it_was_signed(
    state: State, decline: DeclineReason, outcome: OutcomeCode, version: int, before: bytes, time: object
) -> None:
    moment = time.replace(tzinfo=NOON.tzinfo)  # type: ignore[attr-defined]  # a datetime
    entry = Entry(ID, version, before, "dresden", "system", state, moment, decline, outcome, "other")
    assert entry_from(entry_bytes(entry)) == entry


def test_only_the_regions_own_key_makes_an_entry_of_it() -> None:
    scribe = Post().source.desk.scribe
    signed = scribe.sign(Entry(ID, 1, b"", "dresden", "counsellor", State.DRAFT, NOON))
    assert scribe.read(signed, DRESDEN, NOON) is not None
    assert scribe.read(signed, LEIPZIG, NOON) is None
    assert scribe.read(replace(signed, content=signed.content + b"\x00"), DRESDEN, NOON) is None
    foreign = signer(13).sign(signed.content)
    assert scribe.read(replace(signed, signature=foreign), DRESDEN, NOON) is None
    assert scribe.read(replace(signed, key_id=signer(13).key_id, signature=foreign), DRESDEN, NOON) is None
