"""The locked packages: with hashes, without addresses, the same for running and for developing."""

import re
from pathlib import Path

import pytest

REQUIREMENTS = Path(__file__).resolve().parents[3] / "requirements"


def pins(profile: str) -> set[str]:
    """Each pinned package with its version and its condition; an old Python may need an older version of one."""
    text = (REQUIREMENTS / f"{profile}.txt").read_text()
    return set(re.findall(r"^[a-zA-Z0-9._-]+==[^\\\n]+", text, flags=re.MULTILINE))


@pytest.mark.parametrize("profile", ["build", "run", "dev"])
def test_every_package_is_pinned_with_a_hash_and_no_address(profile: str) -> None:
    text = (REQUIREMENTS / f"{profile}.txt").read_text()
    packages = text.replace("\\\n", " ").strip().splitlines()
    assert len(packages) == len(pins(profile))
    assert all("--hash=sha256:" in package for package in packages)
    assert "://" not in text


def test_what_is_tested_is_what_runs() -> None:
    assert pins("run") <= pins("dev")
