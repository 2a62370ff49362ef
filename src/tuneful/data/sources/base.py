"""What every source is made of: files with their hashes, read one after the other."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from tuneful.core.errors import DataError
from tuneful.core.events import Listener
from tuneful.data.readers import READERS
from tuneful.data.readers.base import suffix
from tuneful.data.reading.records import Meter, Source, SourceFile

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tuneful.data.reading.records import BadRow, Record

OpenSource = Callable[[str, Listener], Source]
"""Finds a source by its reference. Reading starts later, when `Source.read` is called."""


HINTS = {
    ".zip": "Unpack it. ",
    ".tar": "Unpack it. ",
    ".zst": "Unpack it. ",
    ".xlsx": "Save the sheet as csv. ",
    ".xls": "Save the sheet as csv. ",
    ".db": "Ask the database: sql:sqlite:///FILE. ",
    ".sqlite": "Ask the database: sql:sqlite:///FILE. ",
}
"""What to do about files that people have rows in."""


def short_name(text: str) -> str:
    """A reference's last part as a folder's name: "reviews" of "data/My reviews.csv.gz"."""
    stem = Path(text.rstrip("/")).name.split(".")[0]
    return re.sub(r"[^A-Za-z0-9_-]+", "-", stem).strip("-").lower() or "data"


def check_readable(path: Path) -> None:
    """Refuse a file that no reader answers to, and what is no file: a pipe may have no end.

    Raises:
        DataError: Its ending is unknown, or it is no ordinary file.
    """
    if path.exists() and not path.is_file():
        fix = "Write what comes out of it to a file first."
        raise DataError("This is no ordinary file.", where=str(path), fix=fix)
    ending = suffix(path)
    if ending not in READERS.table and ending not in READERS:
        raise DataError(
            f"Files that end in {path.suffix or 'nothing'!r} cannot be read as rows.",
            where=str(path),
            fix=f"{HINTS.get(path.suffix.lower(), '')}Give one of "
            f"{', '.join('.' + name for name in READERS)} (also with .gz, .bz2 or .xz after it).",
        )


def describe_files(paths: Sequence[Path], root: Path | None = None) -> tuple[SourceFile, ...]:
    """Name, hash and size of files; names count from `root`.

    Raises:
        DataError: A file cannot be read.
    """
    found: list[SourceFile] = []
    for path in paths:
        name = str(path.relative_to(root)) if root else str(path)
        try:
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            problem = f"The file cannot be read: {error.strerror}."
            raise DataError(problem, where=str(path), fix="Check its permissions.") from error
        found.append(SourceFile(name, digest, path.stat().st_size))
    return tuple(found)


Stamp = tuple[int, int, int]


def stamp_of(path: Path) -> Stamp:
    """What changes when a file does: size, time and place on disk; zeros where it is gone."""
    try:
        found = path.stat()
    except OSError:
        return 0, 0, 0
    return found.st_size, found.st_mtime_ns, found.st_ino


def refuse_change(name: str, *, has_changed: bool) -> None:
    """Refuse rows whose hash was taken of something else.

    Raises:
        DataError: It was.
    """
    if has_changed:
        raise DataError(
            "The file changed while it was read.",
            where=name,
            fix="Run it again when nothing writes to it; or read a copy.",
        )


def reader_of(paths: Sequence[Path], meter: Meter) -> Callable[[], Iterator[Record | BadRow]]:
    """What reads files later; made before they are hashed, so that a change is noticed.

    Raises (while reading):
        DataError: A file is not what it was when this was called.
    """
    stamps = [stamp_of(path) for path in paths]

    def read() -> Iterator[Record | BadRow]:
        for path, stamp in zip(paths, stamps, strict=True):
            refuse_change(str(path), has_changed=stamp_of(path) != stamp)
        meter.total = sum(size for size, *_ in stamps)
        for path, stamp in zip(paths, stamps, strict=True):
            yield from read_files([path], meter)
            refuse_change(str(path), has_changed=stamp_of(path) != stamp)

    return read


def read_files(paths: Sequence[Path], meter: Meter) -> Iterator[Record | BadRow]:
    """The rows of files, one file after the other."""
    meter.total = meter.total or sum(path.stat().st_size for path in paths)
    for path in paths:
        yield from READERS[suffix(path)](path, meter)
