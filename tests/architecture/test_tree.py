"""What the tree promises: sizes, docstrings, and the same reasons everywhere."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

from lotse.errors.v1 import error_reason_pb2
from services.common import errors

ROOT = Path(__file__).resolve().parents[2]
OURS = sorted(
    path
    for folder in ("services", "bench", "proto", "tests")
    for path in (ROOT / folder).rglob("*.py")
    if "gen" not in path.relative_to(ROOT).parts[:2] and "__pycache__" not in path.parts
)


def functions(path: Path) -> list[tuple[str, int]]:
    tree = ast.parse(path.read_text())
    if path.parent.name == "versions":  # Alembic writes migrations; one table is one statement
        return []
    return [
        (f"{path.relative_to(ROOT)}:{node.lineno} {node.name}", (node.end_lineno or node.lineno) - node.lineno + 1)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def test_no_file_is_over_400_lines() -> None:
    sizes = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in OURS}
    assert {name: size for name, size in sizes.items() if size > 400} == {}


def test_no_function_is_over_50_lines() -> None:
    assert [(name, size) for path in OURS for name, size in functions(path) if size > 50] == []


def test_every_module_says_what_it_owns() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in OURS
        if path.stat().st_size and not ast.get_docstring(ast.parse(path.read_text()))
    ]
    assert silent == []


def test_reasons_in_the_code_are_those_of_the_contract() -> None:
    known = {name.removeprefix("ERROR_REASON_") for name in error_reason_pb2.ErrorReason.DESCRIPTOR.values_by_name}
    families = "|".join(family.__name__ for family in errors.LotseError.__subclasses__())
    raised = re.compile(rf"(?:{families})\(\s*\"([A-Z_]+)\"")
    used = {reason for path in OURS if "services" in path.parts for reason in raised.findall(path.read_text())}
    assert used, "the pattern finds no reason at all"
    assert used - known == set()


def test_nothing_but_scripts_and_data_lies_at_the_top() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    allowed = {
        ".ci",
        ".gitattributes",
        ".gitignore",
        "ARCHITECTURE.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "LICENSE",
        "Makefile",
        "README.md",
        "bench",
        "buf.yaml",
        "deploy",
        "docs",
        "proto",
        "pyproject.toml",
        "requirements",
        "services",
        "tests",
    }
    assert {name.split("/")[0] for name in listed} <= allowed


@pytest.mark.parametrize(
    "pattern", [r"\bmock\.patch\b", r"\bMagicMock\b", r"pytest\.mark\.(skip|xfail)", r"pytest\.skip\("]
)
def test_no_test_mocks_or_skips(pattern: str) -> None:
    here = Path(__file__)
    found = [
        str(path) for path in (ROOT / "tests").rglob("*.py") if path != here and re.search(pattern, path.read_text())
    ]
    assert found == []
