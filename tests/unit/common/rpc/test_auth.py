"""Tokens: made once, kept as hashes, compared in constant time, lost by nobody."""

import inspect
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.common.errors import ProveWhoYouAre
from services.common.names import RegionId
from services.common.rpc.auth import TokenFile, create_token, read_tokens, revoke_token
from services.common.rpc.callers import Caller, Role
from services.common.settings import StartupError

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def now() -> datetime:
    return NOW


def new_token(path: Path, name: str = "console") -> str:
    return create_token(path, now, region=RegionId("dresden"), role=Role.EDITOR, name=name, lifetime=timedelta(hours=1))


def reason_for(tokens: TokenFile, token: str) -> str:
    with pytest.raises(ProveWhoYouAre) as caught:
        tokens.caller_of(token)
    return caught.value.reason


def test_a_token_stands_for_its_caller_and_its_secret_is_nowhere_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    token = new_token(path)
    assert TokenFile(path, now).caller_of(token) == Caller(RegionId("dresden"), Role.EDITOR, "console")
    assert str(TokenFile(path, now).caller_of(token)) == "dresden/editor/console"
    assert token.rpartition("_")[2] not in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_token_is_made_of_the_given_randomness_and_has_a_fixed_form(tmp_path: Path) -> None:
    token = create_token(
        tmp_path / "t",
        now,
        region=RegionId("dresden"),
        role=Role.READER,
        name="search",
        lifetime=timedelta(hours=1),
        random_bytes=lambda count: b"\x0f" * count,
    )
    assert token == f"lotse_{'0f' * 8}_{'0f' * 32}"


def test_a_token_ends_at_its_very_moment(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    token = new_token(path)
    moment = NOW + timedelta(hours=1) - timedelta(microseconds=1)
    tokens = TokenFile(path, lambda: moment)
    tokens.caller_of(token)
    moment = NOW + timedelta(hours=1)
    assert reason_for(tokens, token) == "TOKEN_EXPIRED"
    # A wrong secret hears nothing of the expiry.
    assert reason_for(tokens, token + "0") == "TOKEN_INVALID"


@pytest.mark.parametrize(
    "mangle", ["", "lotse", "lotse_", "lotse__", "{t}x", "x{t}", "{t}_", " {t}", "{T}", "{t}\udcff"]
)
def test_what_is_not_the_token_to_the_letter_is_invalid(tmp_path: Path, mangle: str) -> None:
    token = new_token(tmp_path / "t")
    assert reason_for(TokenFile(tmp_path / "t", now), mangle.format(t=token, T=token.upper())) == "TOKEN_INVALID"


def test_revoking_and_making_show_without_a_new_reader(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    first = new_token(path, "first")
    tokens = TokenFile(path, now)
    second = new_token(path, "second")
    assert tokens.caller_of(second).name == "second"
    assert revoke_token(path, first.split("_")[1])
    assert reason_for(tokens, first) == "TOKEN_INVALID"
    assert tokens.caller_of(second).name == "second"
    path.unlink()
    assert reason_for(tokens, second) == "TOKEN_INVALID"


def test_twenty_tokens_made_at_once_are_all_there(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    with ThreadPoolExecutor(5) as threads:
        made = list(threads.map(lambda number: new_token(path, f"n{number}"), range(20)))
    assert read_tokens(path).keys() == {token.split("_")[1] for token in made}


@pytest.mark.parametrize(
    "change", [{"role": "emperor"}, {"expire_time": "2026-11-22T09:00:00"}, {"sha256": "ab"}, {"id": None, "sha256": 3}]
)
def test_a_file_with_one_bad_entry_is_refused_without_its_content(tmp_path: Path, change: dict[str, object]) -> None:
    path = tmp_path / "tokens.json"
    new_token(path)
    rows = json.loads(path.read_text())
    rows["tokens"][0] |= change
    path.write_text(json.dumps(rows))
    with pytest.raises(StartupError, match="no tokens file") as caught:
        TokenFile(path, now)
    assert "emperor" not in str(caught.value)


@pytest.mark.parametrize(("region", "name"), [("Dresden", "a"), ("dresden", ""), ("dresden", "Erika Muster")])
def test_region_and_name_of_a_token_are_plain_words(tmp_path: Path, region: str, name: str) -> None:
    with pytest.raises(StartupError, match="lower-case"):
        create_token(
            tmp_path / "t", now, region=RegionId(region), role=Role.EDITOR, name=name, lifetime=timedelta(hours=1)
        )


def test_secrets_are_compared_in_constant_time_and_unknown_ids_too() -> None:
    names = TokenFile.caller_of.__code__.co_names
    assert "compare_digest" in names
    source = inspect.getsource(TokenFile.caller_of)
    # The comparison stands before the first decision, so an unknown id costs the same as a wrong secret.
    assert source.index("compare_digest") < source.index("if entry is None")
    assert "sha256 ==" not in source
