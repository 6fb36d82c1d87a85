"""Keeps what is made of labels and texts between starts, as Python keeps byte code: beside the module, named by what
it was made of.

Making the linker takes some twenty seconds, the judges some 90, reading them tenths of one. Where the folder cannot
be written they are made anew at each start, so an image should be built with `python -m services.search.understanding`.
"""

import hashlib
import json
import tempfile
import unicodedata
import zipfile
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import fields
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np
import structlog
from numpy.typing import NDArray

from services.search.understanding.centroids import build_centroids
from services.search.understanding.linker import IndexedLabel, Linker, LinkerState, Spoken, build_linker
from services.search.understanding.ngram_judge import Example, JudgeState, NGramJudge
from services.search.understanding.regression import build_regression

log = structlog.get_logger(__name__)

DEFAULT_FOLDER = Path(__file__).with_name("__compiled__")
_LIBRARIES = ", ".join(
    (unicodedata.unidata_version, *(f"{name} {version(name)}" for name in ("anyascii", "babel", "numpy", "opencc")))
)
"""What labels are folded, spelt and named with beside our own code."""
_TEXTS = "texts"
_KINDS = {"linker", "offers-judge", "questions-judge"}
"""Files of other kinds are left by earlier versions."""

T = TypeVar("T")
Texts = dict[str, Any]
"""What is no array, as JSON writes it."""
Arrays = dict[str, NDArray[Any]]


def compiled_linker(
    sources: Iterable[Path],
    labels: Callable[[], Iterable[IndexedLabel]],
    stop_words: Collection[str],
    spoken: Callable[[], Iterable[Spoken]] = tuple,
    folder: Path = DEFAULT_FOLDER,
) -> Linker:
    """Give the linker made from these source files; `labels` and `spoken` are only called when no kept one fits."""

    def unpacked(texts: Texts, arrays: Arrays) -> Linker:
        rows = [IndexedLabel(row[0], tuple(row[1]), row[2], row[3], row[4]) for row in texts["labels"]]
        return Linker(rows, stop_words, LinkerState(vocabulary=texts["vocabulary"], **arrays))

    def packed(linker: Linker) -> tuple[Texts, Arrays]:
        rows = [(label.concept_id, label.words, label.shown, label.language, label.folded) for label in linker.labels]
        return {"labels": rows, "vocabulary": linker.state.vocabulary}, _arrays_of(linker.state)

    return _compiled("linker", sources, folder, lambda: build_linker(labels(), stop_words, spoken()), packed, unpacked)


def compiled_judge(
    of: Literal["offers", "questions"],
    sources: Iterable[Path],
    examples: Callable[[], Iterable[Example]],
    folder: Path = DEFAULT_FOLDER,
) -> NGramJudge:
    """Give the judge `of` offers (centroids) or questions (a regression), made from these source files; `examples` is
    only called when no kept one fits."""

    def unpacked(texts: Texts, arrays: Arrays) -> NGramJudge:
        return NGramJudge(JudgeState(concepts=texts["concepts"], vocabulary=texts["vocabulary"], **arrays))

    def packed(made: NGramJudge) -> tuple[Texts, Arrays]:
        return {"concepts": made.state.concepts, "vocabulary": made.state.vocabulary}, _arrays_of(made.state)

    learn = {"offers": build_centroids, "questions": build_regression}[of]
    return _compiled(f"{of}-judge", sources, folder, lambda: learn(examples()), packed, unpacked)


def fingerprint(sources: Iterable[Path]) -> str:
    """Name the content of files: 32 hex digits."""
    digest = hashlib.sha256(_LIBRARIES.encode())
    for source in sorted(sources):
        content = source.read_bytes()
        digest.update(f"{source.name}:{len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()[:32]


def _compiled(
    kind: str,
    sources: Iterable[Path],
    folder: Path,
    make: Callable[[], T],
    packed: Callable[[T], tuple[Texts, Arrays]],
    unpacked: Callable[[Texts, Arrays], T],
) -> T:
    """Read the kept one; make it and keep it when there is none, or a broken one."""
    file = folder / f"{kind}-{fingerprint(sources)}.npz"
    try:
        return unpacked(*_read(file))
    except (OSError, EOFError, RuntimeError, LookupError, TypeError, ValueError, zipfile.BadZipFile):
        made = make()
    with suppress(OSError):
        _write(kind, file, *packed(made))
    return made


def _arrays_of(state: Any) -> Arrays:
    """Give those fields of a dataclass that are arrays."""
    values = {field.name: getattr(state, field.name) for field in fields(state)}
    return {name: value for name, value in values.items() if isinstance(value, np.ndarray)}


def _read(file: Path) -> tuple[Texts, Arrays]:
    # Opened here, for numpy leaves a file open that it cannot read.
    with file.open("rb") as stream, np.load(stream, allow_pickle=False) as parts:
        arrays = {name: parts[name] for name in parts.files}
    return json.loads(arrays.pop(_TEXTS).tobytes()), arrays


def _write(kind: str, file: Path, texts: Texts, arrays: Arrays) -> None:
    """Write it whole or not at all, and drop what earlier states of the sources left."""
    written = np.frombuffer(json.dumps(texts).encode(), dtype=np.uint8)
    file.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=file.parent) as beside:
        part = Path(beside) / file.name
        np.savez(part, allow_pickle=False, **{_TEXTS: written}, **arrays)
        part.replace(file)
    for old in file.parent.glob("*.npz"):
        if old != file and old.stem.rpartition("-")[0] not in _KINDS - {kind}:
            old.unlink(missing_ok=True)
    log.info("thesaurus.compiled", part=kind, file=file.name)
