"""Keeps the linker's index between starts, as Python keeps byte code: beside the module, named by what it was made of.

Making it takes some twenty seconds, reading it tenths of one. Where the folder cannot be written the index is made anew
at each start, so an image should be built with `python -m services.search.understanding`.
"""

import hashlib
import json
import tempfile
import unicodedata
import zipfile
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import fields
from importlib.metadata import version
from pathlib import Path

import numpy as np
import structlog

from services.search.understanding.linker import IndexedLabel, Linker, LinkerState, Spoken, build_linker

log = structlog.get_logger(__name__)

DEFAULT_FOLDER = Path(__file__).with_name("__compiled__")
_LIBRARIES = ", ".join((unicodedata.unidata_version, *(f"{name} {version(name)}" for name in ("anyascii", "babel"))))
"""What labels are folded, spelt and named with beside our own code."""
_TEXTS = ("labels", "vocabulary")


def compiled_linker(
    sources: Iterable[Path],
    labels: Callable[[], Iterable[IndexedLabel]],
    stop_words: Collection[str],
    spoken: Callable[[], Iterable[Spoken]] = tuple,
    folder: Path = DEFAULT_FOLDER,
) -> Linker:
    """Give the linker made from these source files; `labels` and `spoken` are only called when no kept one fits."""
    file = folder / f"linker-{fingerprint(sources)}.npz"
    kept = _read(file)
    if kept is not None:
        return Linker(kept[0], stop_words, kept[1])
    linker = build_linker(labels(), stop_words, spoken())
    with suppress(OSError):
        _write(file, linker)
    return linker


def fingerprint(sources: Iterable[Path]) -> str:
    """Name the content of files: 32 hex digits."""
    digest = hashlib.sha256(_LIBRARIES.encode())
    for source in sorted(sources):
        content = source.read_bytes()
        digest.update(f"{source.name}:{len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()[:32]


def _read(file: Path) -> tuple[Sequence[IndexedLabel], LinkerState] | None:
    """Read a kept one; None when there is none, or a broken one."""
    try:
        # Opened here, for numpy leaves a file open that it cannot read.
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as parts:
            texts = {name: json.loads(parts[name].tobytes()) for name in _TEXTS}
            arrays = {field.name: parts[field.name] for field in fields(LinkerState) if field.name not in _TEXTS}
            labels = [IndexedLabel(row[0], tuple(row[1]), row[2], row[3], row[4]) for row in texts["labels"]]
    except (OSError, EOFError, RuntimeError, LookupError, TypeError, ValueError, zipfile.BadZipFile):
        return None
    return labels, LinkerState(vocabulary=texts["vocabulary"], **arrays)


def _write(file: Path, linker: Linker) -> None:
    """Write it whole or not at all, and drop what earlier states of the thesaurus left."""
    rows = [(label.concept_id, label.words, label.shown, label.language, label.folded) for label in linker.labels]
    texts = {"labels": rows, "vocabulary": linker.state.vocabulary}
    arrays = {name: np.frombuffer(json.dumps(text).encode(), dtype=np.uint8) for name, text in texts.items()}
    for field in fields(LinkerState):
        if field.name not in _TEXTS:
            arrays[field.name] = getattr(linker.state, field.name)
    file.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=file.parent) as beside:
        part = Path(beside) / file.name
        np.savez(part, allow_pickle=False, **arrays)
        part.replace(file)
    for old in file.parent.glob("linker-*.npz"):
        if old != file:
            old.unlink(missing_ok=True)
    log.info("thesaurus.compiled", labels=len(rows), file=file.name)
