"""Settings come from the environment and files; everything wrong is told at once, by name and without values."""

from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import SettingsConfigDict

from services.common.settings import SET_UP_VARIABLES, LotseSettings, StartupError

CANARY = "canary-value"


class Tls(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    key_file: Path
    """A field that ends in _file by itself."""


class Server(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    port: int = Field(7070, ge=0, le=65535)
    tls: Tls | None = None
    password: SecretStr = SecretStr("")


class Settings(LotseSettings):
    region: str = Field(min_length=2)
    server: Server = Server()
    topics: tuple[str, ...] = ()
    secret: SecretStr = SecretStr("")


class DirectorySettings(LotseSettings):
    model_config = SettingsConfigDict(env_prefix="LOTSE_DIRECTORY_")

    region: str


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start from an environment without any setting."""
    import os

    for name in [name for name in os.environ if name.upper().startswith("LOTSE_")]:
        monkeypatch.delenv(name)


def test_nested_values_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOTSE_REGION", "dresden")
    monkeypatch.setenv("LOTSE_SERVER__PORT", "8080")
    monkeypatch.setenv("LOTSE_SERVER__TLS__KEY_FILE", "/run/key")
    monkeypatch.setenv("LOTSE_TOPICS", '["recognition"]')
    settings = Settings.load()
    assert (settings.region, settings.server.port, settings.topics) == ("dresden", 8080, ("recognition",))
    assert settings.server.tls == Tls(key_file=Path("/run/key"))


def test_a_secret_may_stand_in_a_file_and_loses_its_last_line_break(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "one").write_text(" s3cret \r\n")
    (tmp_path / "two").write_bytes(b"other")
    monkeypatch.setenv("LOTSE_REGION", "dresden")
    monkeypatch.setenv("LOTSE_SECRET_FILE", str(tmp_path / "one"))
    monkeypatch.setenv("LOTSE_SERVER__PASSWORD_FILE", str(tmp_path / "two"))
    settings = Settings.load()
    assert settings.secret.get_secret_value() == " s3cret "
    assert settings.server.password.get_secret_value() == "other"
    assert "s3cret" not in repr(settings)


def test_everything_wrong_is_told_at_once_without_values(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "LOTSE_SERVER__PORT": CANARY,
        "LOTSE_SERVER__TLS__CERT": CANARY,
        "LOTSE_TOPICS": f"[{CANARY}",
        "LOTSE_REGOIN": CANARY,
        "LOTSE_SECRET_FILE": f"/none/{CANARY}",
    }.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(StartupError) as caught:
        Settings.load()
    told = {problem.partition(":")[0] for problem in caught.value.problems}
    assert told == {
        "LOTSE_REGION",
        "LOTSE_REGOIN",
        "LOTSE_SECRET_FILE",
        "LOTSE_SERVER__PORT",
        "LOTSE_SERVER__TLS__CERT",
        "LOTSE_SERVER__TLS__KEY_FILE",
        "LOTSE_TOPICS",
    }
    assert "LOTSE_REGION: must be set" in caught.value.problems
    assert "LOTSE_REGOIN: is no setting" in caught.value.problems
    assert CANARY not in str(caught.value)


def test_an_unreadable_file_alone_stops_the_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "latin").write_bytes(b"\xff\xfe\xff")
    monkeypatch.setenv("LOTSE_REGION", "dresden")
    monkeypatch.setenv("LOTSE_SECRET_FILE", str(tmp_path / "latin"))
    with pytest.raises(StartupError, match="LOTSE_SECRET_FILE: the file cannot be read"):
        Settings.load()


def test_variables_of_the_set_up_are_no_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOTSE_REGION", "dresden")
    for name in SET_UP_VARIABLES:
        monkeypatch.setenv(name, "/x")
    assert Settings.load().region == "dresden"
    assert {"LOTSE_CACHE", "LOTSE_VENV", "LOTSE_MAVEN_URL", "LOTSE_JAVA_HOME", "LOTSE_WITH_ENCODER"} == SET_UP_VARIABLES


def test_a_prefix_of_its_own_leaves_the_others_variables_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOTSE_SEARCH_REGION", "leipzig")
    monkeypatch.setenv("LOTSE_DIRECTORY_REGION", "dresden")
    assert DirectorySettings.load().region == "dresden"
    monkeypatch.setenv("LOTSE_DIRECTORY_REGOIN", "dresden")
    with pytest.raises(StartupError, match="LOTSE_DIRECTORY_REGOIN: is no setting"):
        DirectorySettings.load()


def test_settings_cannot_be_changed_and_print_no_input() -> None:
    settings = Settings(region="dresden")
    with pytest.raises(ValidationError):
        setattr(settings, "region", "leipzig")  # noqa: B010 - mypy knows already that it may not
    with pytest.raises(ValidationError) as caught:
        Settings(region="dresden", server={"port": CANARY})
    assert CANARY not in str(caught.value)


def test_a_variable_with_a_value_and_parts_is_told_not_crashed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOTSE_REGION", "dresden")
    monkeypatch.setenv("LOTSE_REGION__X", "y")
    monkeypatch.setenv("LOTSE_SERVER", "not json")
    monkeypatch.setenv("LOTSE_SERVER__PORT__X__Y", "1")
    monkeypatch.setenv("LOTSE_SERVER__", "1")
    with pytest.raises(StartupError) as caught:
        Settings.load()
    assert "LOTSE_SERVER" in str(caught.value)
