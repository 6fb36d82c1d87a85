"""How a mail is written: headers nobody can add to, lines no server cuts, and nothing that invites an answer."""

from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest

from services.notify.adapters.letters import message_bytes
from services.notify.domain.addresses import takes_mail
from services.notify.ports import Letter, Mail
from services.notify.settings import SmtpSettings

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SETTINGS = SmtpSettings(host="mail.example", sender="lotse@dresden.example", sender_name="Lotse für Dresden")
PLAIN = Letter("Verweisung R-1: größer, Übergabe", "Grüße\n", "<p>Grüße</p>\n")


def written(letter: Letter = PLAIN, address: str = "stelle@example.org", number: str = "d-1") -> bytes:
    return message_bytes(Mail(number, address, letter), SETTINGS, NOON)


def read(raw: bytes) -> EmailMessage:
    message: EmailMessage = message_from_bytes(raw, policy=policy.default)
    return message


def test_a_mail_has_text_and_html_and_says_that_a_machine_wrote_it() -> None:
    message = read(written())
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert [part.get_content().strip() for part in message.iter_parts()] == ["Grüße", "<p>Grüße</p>"]
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Subject"] == PLAIN.subject
    assert message["From"] == "Lotse für Dresden <lotse@dresden.example>"
    assert message["To"] == "stelle@example.org"
    assert message["Date"] == "Sun, 22 Nov 2026 12:00:00 +0000"
    assert "Reply-To" not in message


def test_the_message_id_is_the_deliverys_own_and_stays() -> None:
    assert read(written())["Message-ID"] == "<d-1@dresden.example>"
    assert read(written())["Message-ID"] != read(written(number="d-2"))["Message-ID"]


@pytest.mark.parametrize(
    "address",
    [
        "a@example.org\r\nBcc: b@example.org",
        "a@example.org\nX: y",
        "a@example.org, b@example.org",
        "Name <a@example.org>",
        "a@example.org>\r\nRCPT TO:<b@example.org",
        "büro@example.org",
        "a..b@example.org",
        "a@",
        "",
        "a\x00@example.org",
    ],
)
def test_no_address_adds_a_header_or_a_recipient(address: str) -> None:
    assert not takes_mail(address)
    with pytest.raises(ValueError, match="no mail can be addressed so"):
        written(address=address)


@pytest.mark.parametrize("address", ["a@example.org", "o'neil+x@sub.example.org", "stelle@xn--kln-sna.example"])
def test_ordinary_addresses_are_taken_and_umlaut_domains_in_their_ascii_form(address: str) -> None:
    assert read(written(address=address))["To"] == address


@pytest.mark.parametrize("subject", ["a\r\nBcc: b@example.org", "a\nb", "a\rb"])
def test_no_subject_adds_a_header(subject: str) -> None:
    with pytest.raises(ValueError, match="may not contain"):
        written(Letter(subject, "x\n", "x\n"))


def test_long_lines_dots_and_umlauts_travel_as_seven_bit_lines_of_ordinary_length() -> None:
    text = "\n".join([".", "..", "x" * 5_000, "ж" * 3_000, "From here", ".end"]) + "\n"
    raw = written(Letter("ü" * 900, text, f"<p>{'ä' * 4_000}</p>\n"))
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 78
    assert raw.count(b"\n") == raw.count(b"\r\n")
    parts = list(read(raw).iter_parts())
    assert parts[0].get_content().splitlines() == text.splitlines()
    assert read(raw)["Subject"] == "ü" * 900
