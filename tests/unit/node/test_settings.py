"""node.toml is read strictly, told about in whole, and written so that it reads back the same."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.common.names import RegionId
from services.common.settings import StartupError
from services.node.layout import NodeLayout
from services.node.parts import NodeParts
from services.node.settings import (
    NodeSettings,
    Ports,
    check_settings,
    load_node_settings,
    node_toml,
    write_node_settings,
)
from tests.unit.node.places import MOMENT

PORT = st.integers(0, 65535)
# Whatever a name may hold: quotes, line breaks and backslashes must not end the text in the file early.
NAME = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=120)


def written(tmp_path: Path, text: str) -> NodeLayout:
    layout = NodeLayout(tmp_path)
    layout.config.write_text(text)
    return layout


def problems(tmp_path: Path, text: str) -> tuple[str, ...]:
    with pytest.raises(StartupError) as raised:
        load_node_settings(written(tmp_path, text))
    return tuple(problem.removeprefix(f"{tmp_path / 'node.toml'}: ") for problem in raised.value.problems)


@given(name=NAME, state=st.booleans(), hub=st.none() | st.just("tls://hub:4222"), port=PORT, epoch=st.integers(1))
def test_what_is_written_reads_back_the_same(name: str, state: bool, hub: str | None, port: int, epoch: int) -> None:
    settings = NodeSettings(
        region=RegionId("dresden"),
        display_name=name,
        state_node=state,
        hub_url=hub,
        epoch=epoch,
        ports=Ports(directory=port),
    )
    assert check_settings(tomllib.loads(node_toml(settings))) == settings


def test_a_written_file_is_the_one_that_is_read(tmp_path: Path) -> None:
    settings = NodeSettings(region=RegionId("dresden"), display_name="Welcome Center „Dresden“")
    layout = NodeLayout(tmp_path)
    write_node_settings(layout, settings)
    assert load_node_settings(layout) == settings


def test_two_lines_are_enough(tmp_path: Path) -> None:
    settings = load_node_settings(written(tmp_path, 'region = "dresden"\ndisplay_name = "Dresden"\n'))
    assert (settings.services, settings.hub_url, settings.ports.broker) == (("directory", "federation"), None, 0)


def test_everything_wrong_is_told_at_once_by_name(tmp_path: Path) -> None:
    text = 'region = "Böse Region"\nhub_url = "http://hub"\nengine_heap = "viel"\ncolour = 1\n[ports]\nbroker = 70000\n'
    told = problems(tmp_path, text)
    assert [problem.partition(":")[0] for problem in told] == [
        "region",
        "display_name",
        "hub_url",
        "engine_heap",
        "ports.broker",
        "colour",
    ]
    assert "region: must be lower-case letters, digits and inner hyphens, at most 63" in told
    assert "display_name: must be set" in told
    assert "colour: is no setting" in told


def test_a_file_that_is_no_toml_is_named_with_the_place(tmp_path: Path) -> None:
    assert "not TOML" in problems(tmp_path, "region = dresden")[0]
    assert "line 1" in problems(tmp_path, "region = dresden")[0]


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(StartupError, match=r"node\.toml: cannot be read"):
        load_node_settings(NodeLayout(tmp_path))


@pytest.mark.parametrize("region", ["hub", "node", "search", "root"])
def test_a_name_with_a_meaning_in_subjects_is_no_region(region: str) -> None:
    with pytest.raises(StartupError, match=f"{region} is reserved"):
        check_settings({"region": region, "display_name": "X"})


def test_a_written_file_points_to_the_manual() -> None:
    settings = NodeSettings(region=RegionId("dresden"), display_name="Dresden")
    assert node_toml(settings).startswith("# Node dresden; each setting is described in docs/operations.md.\n")


def test_variables_of_the_operators_shell_do_not_reach_the_services(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LOTSE_NODE", str(tmp_path))
    monkeypatch.setenv("LOTSE_HOUSEKEEPING_SECONDS", "1")
    layout = NodeLayout(tmp_path)
    layout.create_folders()
    layout.root_public.write_bytes(bytes(32))
    layout.page_token_secret.write_bytes(bytes(32))
    settings = NodeSettings(region=RegionId("dresden"), display_name="Dresden", log_level="ERROR")
    parts = NodeParts(layout, settings, "nats://127.0.0.1:4222", None, lambda: MOMENT)
    assert parts.directory().housekeeping_seconds == 3600.0
    assert {parts.directory().log_level, parts.search("http://127.0.0.1:9200").log_level} == {"ERROR"}


def test_only_the_state_node_reads_the_hub_as_the_state_wide_search(tmp_path: Path) -> None:
    layout = NodeLayout(tmp_path)
    layout.create_folders()
    layout.root_public.write_bytes(bytes(32))
    layout.page_token_secret.write_bytes(bytes(32))
    durables = {}
    for region, state in (("sachsen", True), ("dresden", False)):
        settings = NodeSettings(region=RegionId(region), display_name=region, state_node=state)
        hub = NodeParts(layout, settings, "nats://b:1", "nats://h:1", lambda: MOMENT).search("http://e:1").hub
        assert hub is not None
        durables[region] = (hub.durable, hub.inbox_prefix)
    assert durables == {"sachsen": ("search", "_INBOX"), "dresden": ("dresden", "_INBOX_dresden")}
