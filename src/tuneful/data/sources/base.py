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
from tuneful.data.records import Meter, Source, SourceFile

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tuneful.data.records import BadRow, Record

OpenSource = Callable[[str, Listener], Source]
"""Finds a source by its reference. Reading starts later, when `Source.read` is called."""


def short_name(text: str) -> str:
    """A reference's last part as a folder's name: "reviews" of "data/My reviews.csv.gz"."""
    stem = Path(text.rstrip("/")).name.split(".")[0]
    return re.sub(r"[^A-Za-z0-9_-]+", "-", stem).strip("-").lower() or "data"


def check_readable(path: Path) -> None:
    """Refuse a file that no reader answers to.

    Raises:
        DataError: Its ending is unknown.
    """
    ending = suffix(path)
    if ending not in READERS.table and ending not in READERS:
        raise DataError(
            f"Files that end in {path.suffix or 'nothing'!r} cannot be read as rows.",
            where=str(path),
            fix=f"Give one of {', '.join('.' + name for name in READERS)} (also with .gz, .bz2 or "
            ".xz after it).",
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


def read_files(paths: Sequence[Path], meter: Meter) -> Iterator[Record | BadRow]:
    """The rows of files, one file after the other."""
    meter.total = sum(path.stat().st_size for path in paths)
    for path in paths:
        yield from READERS[suffix(path)](path, meter)
