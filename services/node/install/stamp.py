"""Knows whether an environment holds what the lock files ask for, without starting pip.

Two files in the environment's folder tell: the stamp, written last and only after everything succeeded, and a marker
that stands while pip works. An environment with the marker was interrupted inside pip: a package may be there by name
and lack its files, which pip itself does not notice. So it is made anew.
"""

import hashlib
import json
import platform
import sys
from dataclasses import dataclass
from pathlib import Path

# Raise it when the set-up itself changes what it installs, so that older environments are brought up to date.
_LAYOUT = 2
# What each profile also satisfies: `dev` installs everything of `run`.
_COVERS = {"run": ("run",), "dev": ("run", "dev")}


def python_tag() -> str:
    """The interpreter family an environment is bound to, such as `cpython-311-x86_64`; patch releases share it."""
    return f"{sys.implementation.cache_tag}-{platform.machine()}"


@dataclass(frozen=True, slots=True)
class Stamp:
    """What is installed in VENV for the checkout ROOT, by the interpreter family TAG."""

    root: Path
    venv: Path
    tag: str

    @property
    def lock_file(self) -> Path:
        """Held while anything is installed; beside the environment, which may be made anew."""
        return self.venv.with_name(self.venv.name + ".lock")

    def is_current(self, profile: str) -> bool:
        """True if everything PROFILE (`run` or `dev`) asks for was installed completely."""
        if self._marker.exists() or not (self.venv / "bin" / "python").exists():
            return False
        try:
            done = json.loads(self._file.read_text())
        except (OSError, ValueError):
            return False
        return isinstance(done, dict) and done.get(profile) == self._digest(profile)

    def was_interrupted(self) -> bool:
        """True if a run ended inside pip, so that the packages cannot be trusted."""
        return self._marker.exists()

    def begin(self) -> None:
        """From here on the environment counts as unfinished."""
        self._file.unlink(missing_ok=True)
        self._marker.touch()

    def give_up(self) -> None:
        """Pip itself ended with an error: it undid what it began, so the environment may be kept for another try."""
        self._marker.unlink(missing_ok=True)

    def finish(self, profile: str) -> None:
        """Write the stamp for PROFILE, in one step, as the last act of the set-up."""
        fresh = self._file.with_suffix(".new")
        fresh.write_text(json.dumps({covered: self._digest(covered) for covered in _COVERS[profile]}))
        fresh.replace(self._file)
        self._marker.unlink(missing_ok=True)

    @property
    def _file(self) -> Path:
        return self.venv / "lotse-stamp.json"

    @property
    def _marker(self) -> Path:
        return self.venv / "lotse-unfinished"

    def _digest(self, profile: str) -> str:
        """Changes with the locked packages, our own metadata, the interpreter, and the place of checkout and venv.

        The places count because scripts in the environment, and its way to our sources, are absolute paths.
        """
        digest = hashlib.sha256(f"{_LAYOUT}\0{self.tag}\0{self.root}\0{self.venv}\0".encode())
        for name in ("requirements/build.txt", f"requirements/{profile}.txt", "pyproject.toml"):
            digest.update(hashlib.sha256((self.root / name).read_bytes()).digest())
        return digest.hexdigest()
