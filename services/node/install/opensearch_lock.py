"""Reads the lock of the search engine: which files it is made of, each with its sha256 and size, and no address."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

LOCK_FILE = Path(__file__).with_name("opensearch.lock.json")


@dataclass(frozen=True, slots=True)
class LockedFile:
    """One jar: the folder it belongs to (PART), its Maven coordinates, and what it must contain."""

    part: str
    group: str
    artifact: str
    version: str
    classifier: str
    sha256: str
    size: int

    @property
    def file_name(self) -> str:
        """The jar's name, as Maven and the official archive spell it."""
        suffix = f"-{self.classifier}" if self.classifier else ""
        return f"{self.artifact}-{self.version}{suffix}.jar"

    @property
    def coordinates(self) -> str:
        """What to call the file before a user: group, artifact, version."""
        return f"{self.group}:{self.artifact}:{self.version}" + (f":{self.classifier}" if self.classifier else "")


@dataclass(frozen=True, slots=True)
class Lock:
    """All files of one OpenSearch VERSION; DIGEST is the sha256 of the lock file itself."""

    version: str
    files: tuple[LockedFile, ...]
    digest: str


def read_lock(path: Path) -> Lock:
    """Read PATH. Raises OSError or ValueError: the lock is part of the source, so there is nothing to recover."""
    raw = path.read_bytes()
    content = json.loads(raw)
    return Lock(content["opensearch"], tuple(map(_locked_file, content["files"])), hashlib.sha256(raw).hexdigest())


def _locked_file(entry: dict[str, str | int]) -> LockedFile:
    group, artifact, version = str(entry["gav"]).split(":")
    return LockedFile(
        part=str(entry["part"]),
        group=group,
        artifact=artifact,
        version=version,
        classifier=str(entry.get("classifier", "")),
        sha256=str(entry["sha256"]),
        size=int(entry["size"]),
    )


def write_lock(path: Path, version: str, files: list[LockedFile]) -> None:
    """Write PATH in the form `read_lock` reads, one value a line so that a change of version reads well as a diff."""
    entries = [
        {
            "part": file.part,
            "gav": f"{file.group}:{file.artifact}:{file.version}",
            **({"classifier": file.classifier} if file.classifier else {}),
            "sha256": file.sha256,
            "size": file.size,
        }
        for file in files
    ]
    path.write_text(json.dumps({"opensearch": version, "files": entries}, indent=1) + "\n")
