"""Owns how the YAML files that ship with the search are read: safely, and by the C parser where it is there.

The one in Python takes ten times as long, which was seconds of every start.
"""

from pathlib import Path
from typing import Any

import yaml

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(file: Path) -> Any:
    """Read one file; raises OSError or yaml.YAMLError when it is missing or broken."""
    return yaml.load(file.read_text("utf-8"), Loader=_LOADER)  # noqa: S506 - both loaders are safe ones
