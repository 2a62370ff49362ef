"""What every reader is made of: files opened and unpacked, bytes as lines, faults named."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zlib
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

from tuneful.core.errors import DataError
from tuneful.data.records import BadRow, Meter, Record

Reader = Callable[[Path, Meter], Iterator[Record | BadRow]]
"""Reads one file, a row at a time, however large it is."""

_UNPACK: dict[str, Callable[..., object]] = {
    ".gz": gzip.open,
    ".bz2": bz2.open,
    ".xz": lzma.open,
}
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
TO_UTF8 = "Save it as UTF-8"


def suffix(path: Path) -> str:
    """What decides the reader: "csv" of "reviews.CSV.gz"."""
    endings = [ending.lower() for ending in path.suffixes]
    if endings and endings[-1] in _UNPACK:
        endings.pop()
    return endings[-1].removeprefix(".") if endings else ""


@contextmanager
def opened(path: Path, meter: Meter) -> Generator[IO[bytes]]:
    """Open a file for reading bytes, unpacked where its ending says that it is packed.

    Raises:
        DataError: The file cannot be opened or unpacked.
    """
    unpack = _UNPACK.get(path.suffix.lower())
    try:
        with path.open("rb") as raw:
            meter.begin(raw)
            if unpack is None:
                yield raw
            else:
                with cast("IO[bytes]", unpack(raw, "rb")) as file:
                    yield file
            meter.end(path.stat().st_size)
    except (gzip.BadGzipFile, zlib.error, lzma.LZMAError, EOFError) as error:
        raise _not_packed(path, error) from error
    except OSError as error:
        if path.suffix.lower() == ".bz2" and error.errno is None:
            raise _not_packed(path, error) from error
        raise DataError(
            f"The file cannot be read: {error.strerror or error}.",
            where=str(path),
            fix="Check the path and its permissions.",
        ) from error


def _not_packed(path: Path, error: Exception) -> DataError:
    kind = path.suffix.removeprefix(".")
    return DataError(
        f"The file cannot be unpacked as {kind}: {error}.",
        where=str(path),
        fix=f"If it is not packed, rename it to {path.with_suffix('').name}; if the download broke "
        "off, fetch it again.",
    )


class Lines:
    """A file's lines as text. What is no UTF-8 is replaced, and remembered as a problem.

    Attributes:
        number: Of the line that was given last, from 1.
        problem: Of the lines since `take_problem` was called last; empty if there is none.
    """

    def __init__(self, file: IO[bytes], path: Path) -> None:
        self.number, self.problem = 0, ""
        self._file, self._path, self._offset = file, path, 0

    def __iter__(self) -> Iterator[str]:
        for raw in self._file:
            self.number += 1
            line = raw
            if self.number == 1:
                refuse_utf16(raw, self._path)
                line = raw.removeprefix(BYTE_ORDER_MARK)
            try:
                yield line.decode("utf-8")
            except UnicodeDecodeError as error:
                at = self._offset + len(raw) - len(line) + error.start
                self.problem = self.problem or (
                    f"The byte {line[error.start]:#04x} at offset {at:,} of the file is not UTF-8."
                )
                yield line.decode("utf-8", errors="replace")
            self._offset += len(raw)

    def take_problem(self) -> str:
        """The problem of the lines since the last call."""
        problem, self.problem = self.problem, ""
        return problem


def unlike(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object, for json's object_pairs_hook; a key that stands twice would lose a value.

    Raises:
        ValueError: One does.
    """
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for at, name in enumerate(names) if name in names[:at])
        raise ValueError(f"the key {twice!r} stands twice in one object")
    return found


def refuse_utf16(start: bytes, path: Path) -> None:
    """Refuse a file that begins with the mark of another encoding.

    Raises:
        DataError: It does.
    """
    if start.startswith(_UTF16):
        raise DataError(
            "The file is UTF-16, not UTF-8.",
            where=str(path),
            fix=f"{TO_UTF8}: iconv -f UTF-16 -t UTF-8 {path.name}",
        )


def empty(path: Path) -> DataError:
    """A file in which there is nothing."""
    return DataError(
        "The file is empty.", where=str(path), fix="Give a file with rows; check how it was made."
    )
