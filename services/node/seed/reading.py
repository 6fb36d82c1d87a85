"""Reads YAML so that nothing is lost in silence: a key that stands twice is refused, and a date stays text."""

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from services.node.seed.problems import SeedError, SeedProblem

MAX_FILE_BYTES = 4 * 1024 * 1024
"""No honest file comes near it (the largest of ours has 60 KB), and a parser should not be fed without a bound."""


class _StrictLoader(yaml.SafeLoader):
    """Safe YAML without two habits: the last of two equal keys winning, and dates turning into objects."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        """Refuse a repeated key here, before merge keys (`<<`) are unfolded and repetition becomes normal."""
        node = super().compose_mapping_node(anchor)
        seen: set[Hashable] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.MarkedYAMLError(problem=f"key {key.value!r} stands twice", problem_mark=key.start_mark)
            seen.add(key.value)
        return node


def _as_written(_loader: _StrictLoader, node: yaml.ScalarNode) -> object:
    return node.value


_StrictLoader.add_constructor("tag:yaml.org,2002:timestamp", _as_written)


def read_lists(path: Path, names: tuple[str, ...], ignored: tuple[str, ...] = ()) -> dict[str, list[Any]]:
    """Return the top-level lists of a file, a missing one as empty.

    Raises SeedError for a file that is no YAML, too large, or has another top-level key than `names` and `ignored`.
    """
    content = _content(path)
    unknown = [str(key) for key in content if key not in (*names, *ignored)]
    misshapen = [name for name in names if not isinstance(content.get(name) or [], list)]
    problems = [SeedProblem(path.name, key, "", f"is none of the lists {', '.join(names)}") for key in unknown]
    problems += [SeedProblem(path.name, name, "", "must be a list") for name in misshapen]
    if problems:
        raise SeedError(problems)
    return {name: content.get(name) or [] for name in names}


def _content(path: Path) -> dict[Any, Any]:
    if path.stat().st_size > MAX_FILE_BYTES:
        raise SeedError([SeedProblem(path.name, "", "", f"is larger than {MAX_FILE_BYTES} bytes")])
    try:
        # The loader derives from SafeLoader: plain values only.
        content = yaml.load(path.read_text("utf-8"), Loader=_StrictLoader)  # noqa: S506
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise SeedError([SeedProblem(path.name, line, "", error.problem or "is not YAML")]) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SeedError([SeedProblem(path.name, "", "", "is not YAML in UTF-8")]) from error
    if not isinstance(content, dict):
        raise SeedError([SeedProblem(path.name, "", "", "must hold named lists")])
    return content
