"""What a source gives: records, and the places where one could not be read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tuneful.core.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import BinaryIO

SKIP = "or leave such rows out and list them: --skip-bad (data.skip_bad: true)"


@dataclass(frozen=True, slots=True)
class Record:
    """One row as its source has it: column to value.

    Attributes:
        values: Strings from text files; whatever JSON, Parquet and Arrow hold from those.
        file: Where it was read.
        row: Number of the data row in that file, from 1.
        line: Line in that file where the row ends, from 1; 0 where there are no lines.
    """

    values: dict[str, Any]
    file: str
    row: int
    line: int = 0


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that could not be read, with what is wrong and what to do."""

    problem: str
    fix: str
    file: str
    row: int
    line: int = 0

    def to_json(self) -> dict[str, Any]:
        """One line of a data set's skipped.jsonl."""
        said = {"problem": self.problem, "fix": self.fix}
        return {"file": self.file, "row": self.row, "line": self.line, **said}

    def error(self) -> DataError:
        """The row as an error that stops the work."""
        return DataError(self.problem, where=place(self), fix=f"{self.fix}; {SKIP}")


def place(row: Record | BadRow) -> str:
    """Where a row is, for a person."""
    line = f" (line {row.line})" if row.line else ""
    return f"{row.file}, row {row.row:,}{line}"


class Meter:
    """How far the reading of some files has come, in bytes on disk."""

    def __init__(self) -> None:
        self.total = 0
        self._past = 0
        self._file: BinaryIO | None = None

    @property
    def done(self) -> int:
        """Bytes read."""
        return self._past + (self._file.tell() if self._file and not self._file.closed else 0)

    def begin(self, file: BinaryIO) -> None:
        """Count what is read from this file."""
        self._file = file

    def end(self, size: int) -> None:
        """Count the whole file as read."""
        self._file = None
        self._past += size


@dataclass(frozen=True)
class SourceFile:
    """A file, or something like it, that rows are read from.

    Attributes:
        name: As a person knows it.
        sha256: Of its content; for a hub's data set a hash of its name and revision.
        num_bytes: On disk; 0 where that is not known.
    """

    name: str
    sha256: str
    num_bytes: int = 0


@dataclass(frozen=True)
class Source:
    """Somewhere rows come from, found but not read.

    Attributes:
        name: Short, for the data set's folder.
        reference: As the recipe has it.
        files: What is read, in order.
        read: Reads from the start, a row at a time.
        licence: As the publisher states it; "unknown" where nobody does.
        notes: What a person should know: files that were left out, rows that a table lacks.
        meter: Moves on while `read` reads.
    """

    name: str
    reference: str
    files: tuple[SourceFile, ...]
    read: Callable[[], Iterator[Record | BadRow]]
    licence: str = "unknown"
    notes: tuple[str, ...] = ()
    meter: Meter | None = None
