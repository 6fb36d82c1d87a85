"""Which settings the service takes, and which it refuses before it starts."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretBytes, ValidationError

from services.common.rpc.server import ServerSettings
from services.notify.settings import NotifySettings, SmtpSettings


def smtp(**given: Any) -> SmtpSettings:
    needed: dict[str, Any] = {"host": "mail.example.org", "sender": "lotse@dresden.example"}
    return SmtpSettings(**needed | given)


def settings(**given: Any) -> NotifySettings:
    needed: dict[str, Any] = {
        "region": "dresden",
        "server": ServerSettings(tokens_file=Path("tokens.json")),
        "notify_database_url": "sqlite+aiosqlite:///x.db",
        "members_file": Path("members.pb"),
        "root_public_key": "0" * 64,
    }
    return NotifySettings(**needed | given)


def test_mail_is_encrypted_unless_the_server_is_on_this_machine() -> None:
    assert smtp().security == "starttls"
    assert smtp(host="127.0.0.1", security="plain").security == "plain"
    for host in ("mail.example.org", "10.0.0.1", "localhost.example.org"):
        with pytest.raises(ValidationError, match="only a mail server on loopback"):
            smtp(host=host, security="plain")


@pytest.mark.parametrize(
    "given",
    [
        {"sender": ""},
        {"sender": "nobody"},
        {"sender": "a@b.example\r\nBcc: c@d.example"},
        {"sender": "Lotse <a@b.example>"},
        {"sender_name": "a\r\nBcc: b"},
        {"envelope_sender": "not an address"},
        {"username": "a"},
        {"password": SecretBytes(b"x")},
        {"host": "127.0.0.1", "security": "plain", "username": "a", "password": SecretBytes(b"x")},
        {"host": "mail example"},
        {"port": 0},
        {"timeout_seconds": 0},
        {"security": "opportunistic"},
    ],
)
def test_a_mail_server_that_is_set_up_wrongly_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        smtp(**given)


@pytest.mark.parametrize("link", ["", "https://lotse.example/r/{referral}", "http://127.0.0.1:8080/{referral}?x=1"])
def test_a_link_has_one_place_for_the_referral(link: str) -> None:
    assert settings(link_template=link).link_template == link


@pytest.mark.parametrize(
    "link",
    [
        "https://lotse.example/",
        "https://lotse.example/{referral}/{referral}",
        "https://lotse.example/{referral.__class__}",
        "https://lotse.example/{other}/{referral}",
        "javascript:alert({referral})",
        "https://lotse.example/ {referral}",
        "https://lotse.example/{referral}\r\nX: y",
        "https://lotse.example/" + "x" * 400 + "{referral}",
        'https://lotse.example/"{referral}',
    ],
)
def test_a_link_that_could_do_harm_is_refused(link: str) -> None:
    with pytest.raises(ValidationError, match="must be an http"):
        settings(link_template=link)


def test_waiting_takes_time_and_ids_are_tokens() -> None:
    for given in ({"retry_seconds": ()}, {"retry_seconds": (60, 0)}, {"default_recipient": "Not A Token"}):
        with pytest.raises(ValidationError):
            settings(**given)
    assert settings(default_recipient="").default_recipient == ""


def test_settings_can_be_read_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "password").write_text("secret\n")
    for name, value in {
        "REGION": "dresden",
        "SERVER__TOKENS_FILE": "tokens.json",
        "NOTIFY_DATABASE_URL": "sqlite+aiosqlite:///n.db",
        "MEMBERS_FILE": "members.pb",
        "ROOT_PUBLIC_KEY": "0" * 64,
        "SMTP__HOST": "mail.example.org",
        "SMTP__SENDER": "lotse@dresden.example",
        "SMTP__USERNAME": "lotse",
        "SMTP__PASSWORD_FILE": str(tmp_path / "password"),
        "LINK_TEMPLATE": "https://lotse.example/{referral}",
        "RETRY_SECONDS": "[1, 2]",
    }.items():
        monkeypatch.setenv(f"LOTSE_{name}", value)
    settings = NotifySettings.load()
    assert settings.smtp is not None
    assert settings.smtp.password is not None
    assert settings.smtp.password.get_secret_value() == b"secret"
    assert settings.retry_seconds == (1.0, 2.0)
