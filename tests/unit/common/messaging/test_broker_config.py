"""The brokers' configurations: what a template must never let through."""

from pathlib import Path

import pytest

from services.common.names import RESERVED_IDS, RegionId
from services.node.broker.hub import HubConfig
from services.node.broker.notation import quoted
from services.node.broker.region import RegionConfig
from tests.unit.common.messaging.federation import DRESDEN

KEYS = ["U" + letter * 55 for letter in "ABCDEFGH"]


def hub(**changes: object) -> HubConfig:
    settings: dict[str, object] = {
        "port": 4222,
        "store_dir": Path("store"),
        "system_nkey": KEYS[0],
        "admin_nkey": KEYS[1],
        "search_nkey": KEYS[2],
        "regions": {DRESDEN: KEYS[3]},
        **changes,
    }
    return HubConfig(**settings)  # type: ignore[arg-type]  # tests pass wrong ones on purpose


def region(**changes: object) -> RegionConfig:
    settings: dict[str, object] = {
        "region": DRESDEN,
        "port": 4223,
        "store_dir": Path("store"),
        "admin_nkey": KEYS[0],
        "services": {"directory": KEYS[1], "search": KEYS[2]},
        **changes,
    }
    return RegionConfig(**settings)  # type: ignore[arg-type]  # same


def test_everything_is_synced_to_disk_and_listens_on_loopback() -> None:
    for text in (hub().render(), region().render()):
        assert "sync_interval: always" in text
        assert 'listen: "127.0.0.1:' in text


def test_regions_stand_in_an_account_of_their_own() -> None:
    fed, edge = hub().render().split("EDGE {", 1)
    assert KEYS[3] not in fed
    assert KEYS[3] in edge
    assert "jetstream" not in edge


@pytest.mark.parametrize("name", [*sorted(RESERVED_IDS), "", "*", ">", "a.b", "a b", "Dresden", 'x", ">'])
def test_a_region_of_a_dangerous_name_is_not_written(name: str) -> None:
    with pytest.raises(ValueError, match="id"):
        hub(regions={RegionId(name): KEYS[3]}).render()


@pytest.mark.parametrize("nkey", ["", "UABC", KEYS[3].lower(), KEYS[3] + "\n", "A" * 56, KEYS[3] + " }", "$ADMIN"])
def test_what_is_no_nkey_is_not_written(nkey: str) -> None:
    for config in (hub(regions={DRESDEN: nkey}), hub(admin_nkey=nkey), region(services={"search": nkey})):
        with pytest.raises(ValueError, match="nkey"):
            config.render()


def test_one_nkey_is_one_user() -> None:
    for config in (
        hub(admin_nkey=KEYS[3]),
        hub(regions={DRESDEN: KEYS[3], RegionId("leipzig"): KEYS[3]}),
        region(services={"search": KEYS[0]}),
    ):
        with pytest.raises(ValueError, match="same nkey"):
            config.render()


def test_an_unknown_service_gets_no_user() -> None:
    with pytest.raises(ValueError, match="service"):
        region(services={"evil": KEYS[1]}).render()


@pytest.mark.parametrize("text", ['a"b', "a\nb", "a\\b", "a\rb"])
def test_a_text_cannot_leave_its_quotes(text: str) -> None:
    with pytest.raises(ValueError, match="cannot stand"):
        quoted(text)
