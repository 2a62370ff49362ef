"""What every reader is made of: files opened and unpacked, bytes as lines, faults named."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zlib
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

from tuneful.core.errors import DataError
from tuneful.data.arrow import pyarrow
from tuneful.data.reading.records import BadRow, Meter, Record

Reader = Callable[[Path, Meter], Iterator[Record | BadRow]]
"""Reads one file, a row at a time, however large it is."""

_UNPACK: dict[str, Callable[..., object]] = {
    ".gz": gzip.open,
    ".bz2": bz2.open,
    ".xz": lzma.open,
}
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
LONGEST_LINE = 1 << 24
"""Bytes. A text of 100k tokens has half a million; a file without line ends has no end."""
MOST_COLUMNS = 10_000
"""Of a row: a table on its side, or a matrix, has more."""
MOST_UNPACKED = 1 << 30
"""Bytes that a packed file may hold whatever its size."""
MOST_TIMES = 200
"""How many times its size a larger one may hold: texts shrink to a third or a tenth."""
ROWS_AT_ONCE = 1000
"""Of a table that are in memory as objects."""
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


class Unpacked:
    """Watches how much comes out of a packed file: zeros pack to a thousandth and less."""

    def __init__(self, path: Path) -> None:
        self._path, self.num_bytes = path, 0
        is_packed = path.suffix.lower() in _UNPACK
        self._most = max(MOST_UNPACKED, MOST_TIMES * path.stat().st_size) if is_packed else None

    def add(self, num_bytes: int) -> None:
        """Count bytes.

        Raises:
            DataError: They are too many for the file's size.
        """
        self.num_bytes += num_bytes
        if self._most is not None and self.num_bytes > self._most:
            raise bomb(self.num_bytes, self._path)


def bomb(num_bytes: int, path: Path) -> DataError:
    """A file that holds far more than its size says."""
    return DataError(
        f"The file unpacks to over {num_bytes >> 20:,} MiB, {MOST_TIMES} times its size: a bomb "
        "may fill memory or disk.",
        where=str(path),
        fix="If you know what is in it, unpack it yourself (write Parquet and Arrow without "
        "compression) and name the unpacked file.",
    )


class Lines:
    """A file's lines as text. What is no UTF-8 is replaced, and remembered as a problem.

    Of a line longer than LONGEST_LINE nothing is kept but that problem.

    Attributes:
        number: Of the line that was given last, from 1.
        problem: Of the lines since `take_problem` was called last; empty if there is none.
    """

    def __init__(self, file: IO[bytes], path: Path) -> None:
        self.number, self.problem = 0, ""
        self._file, self._path, self._unpacked = file, path, Unpacked(path)

    def __iter__(self) -> Iterator[str]:
        while raw := self._file.readline(LONGEST_LINE + 1):
            self.number += 1
            line = raw
            if len(raw) > LONGEST_LINE:
                self._pass_over(raw)
                self.problem = f"The line is longer than {LONGEST_LINE >> 20} MiB."
                yield "too long\n"
                continue
            if self.number == 1:
                refuse_utf16(raw, self._path)
                line = raw.removeprefix(BYTE_ORDER_MARK)
            try:
                yield line.decode("utf-8")
            except UnicodeDecodeError as error:
                at = self._unpacked.num_bytes + len(raw) - len(line) + error.start
                self.problem = self.problem or (
                    f"The byte {line[error.start]:#04x} at offset {at:,} of the file is not UTF-8."
                )
                yield line.decode("utf-8", errors="replace")
            self._unpacked.add(len(raw))

    def _pass_over(self, raw: bytes) -> None:
        """Read to the line's end, a piece at a time."""
        if self.number == 1:
            refuse_utf16(raw, self._path)
        while raw:
            self._unpacked.add(len(raw))
            raw = b"" if raw.endswith(b"\n") else self._file.readline(1 << 20)

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
        counts = Counter(name for name, _ in pairs)
        twice = next(name for name, count in counts.items() if count > 1)
        raise ValueError(f"the key {twice!r} stands twice in one object")
    return found


def refuse_utf16(start: bytes, path: Path) -> None:
    """Refuse a file that begins with the mark of another encoding, or with zeros between signs.

    Raises:
        DataError: It does.
    """
    kind = "UTF-16" if start.startswith(_UTF16) else ""
    even, odd = start[0:200:2], start[1:200:2]
    if _are_zeros(odd) and not _are_zeros(even):
        kind = kind or "UTF-16LE"
    elif _are_zeros(even) and not _are_zeros(odd):
        kind = kind or "UTF-16BE"
    if kind:
        raise DataError(
            "The file is UTF-16, not UTF-8.",
            where=str(path),
            fix=f"{TO_UTF8}: iconv -f {kind} -t UTF-8 {path.name}",
        )


def _are_zeros(part: bytes) -> bool:
    return len(part) > 3 and part.count(0) * 2 > len(part)


def records_of(batches: Iterable[Any], path: Path, kind: str) -> Iterator[Record]:
    """The rows of Arrow's batches, a thousand in memory as objects at a time.

    Args:
        batches: Read as they are asked for.
        path: The file they come from.
        kind: What it is, for a person.

    Raises:
        DataError: A batch cannot be read, or has more columns than any rows of text have.
    """
    row = 0
    try:
        for batch in batches:
            if batch.num_columns > MOST_COLUMNS:
                raise too_wide(batch.num_columns, path)
            for begin in range(0, batch.num_rows, ROWS_AT_ONCE):
                for values in batch.slice(begin, ROWS_AT_ONCE).to_pylist():
                    row += 1
                    yield Record(values, path.name, row)
    except (pyarrow().ArrowException, UnicodeDecodeError) as error:
        raise DataError(
            f"The file cannot be read as {kind}: {str(error).splitlines()[0]}",
            where=f"{path}, after row {row:,}" if row else str(path),
            fix=f"Check that it is {kind} and whole; fetch or write it again.",
        ) from error


def too_wide(found: int, path: Path) -> DataError:
    """A table of more columns than any rows of text have."""
    return DataError(
        f"The table has {found:,} columns; {MOST_COLUMNS:,} are the most.",
        where=str(path),
        fix="Keep those with texts and labels; a table on its side is to be turned first.",
    )


def empty(path: Path) -> DataError:
    """A file in which there is nothing."""
    return DataError(
        "The file is empty.", where=str(path), fix="Give a file with rows; check how it was made."
    )
