"""Reading sources once: records become rows on disk, and a few numbers a row in memory."""

from __future__ import annotations

import itertools
import json
from array import array
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from tuneful.core.errors import DataError
from tuneful.core.events import Event, ignore
from tuneful.data.arrow import Writer, columns_of, pyarrow, schema
from tuneful.data.formats.base import Sample
from tuneful.data.reading.cleaned import Cleaning, CleaningDone
from tuneful.data.reading.detect import choose_format
from tuneful.data.reading.filtering import Filter
from tuneful.data.reading.records import BadRow, Record, place
from tuneful.data.reading.seen import LabelSeen, Runs, Skipped
from tuneful.data.reading.taking import Taking, parts_of
from tuneful.data.rows import Labelled, Pair, classes_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from tuneful.core.events import Listener
    from tuneful.data.formats.base import Converted
    from tuneful.data.reading.detect import Chosen
    from tuneful.data.reading.records import Source
    from tuneful.data.reading.taking import Numbered, Taken
    from tuneful.data.rows import Row
    from tuneful.data.sharing.crew import Crew
    from tuneful.recipe.data import Data

ROWS_OF_SAMPLE = 100
"""Rows that the format is detected on."""
BYTES_AT_ONCE = 1 << 18
"""Of text in one staged batch: single rows are read back by whole batches."""
ROWS_AT_ONCE = 1000
ROWS_BETWEEN_EVENTS = 2000
MOST_EXAMPLES = 5
PARTS_HERE = 8
"""Parts that are cleaned before others are asked: a process takes a second to start."""


@dataclass
class Part:
    """What was read of one source: its rows begin at `begin` and end before `end`."""

    source: Source
    chosen: Chosen
    begin: int
    end: int = 0
    num_read: int = 0
    files: dict[str, int] = field(default_factory=dict[str, int])

    def past(self) -> Part:
        """The part without the way it was read."""
        return replace(self, source=replace(self.source, read=_nothing, meter=None))


def _nothing() -> Iterator[Record | BadRow]:
    return iter(())


class Scan:
    """Reads sources into one staging file.

    Attributes:
        label_N: Number of each row's class; 0 for rows without just one.
        source_N: Each row's number in its source, from 1.
        marks: What data.split divides each row by (data.arranged.marked).
        labels: Classes by name, of rows with one class each.
        lost: What formats left out of rows, in words, and of how many.
        names: Classes or tags of rows that have several, and in how many rows each stands.
        runs: Of the first source.
        cleaning: What the steps of data.clean did.
    """

    def __init__(
        self, data: Data, folder: Path, listener: Listener, wanted: Sequence[str], crew: Crew
    ) -> None:
        self.label_N, self.source_N = array("i"), array("i")
        self.marks: array[Any] = array("d" if data.split.time else "Q")
        self.labels: dict[str, LabelSeen] = {}
        self.names: dict[str, int] = {}
        self.parts: list[Part] = []
        self.runs, self.skipped, self.lost = Runs(), Skipped(), dict[str, Skipped]()
        self.rows_file, self.skipped_file = folder / "rows.arrow", folder / "skipped.jsonl"
        self.cleaned_file = folder / "cleaned.jsonl"
        self._steps = Cleaning(data.clean)
        self.cleaning = CleaningDone(self._steps.names, self.cleaned_file)
        self._data, self._listener, self._wanted, self._crew = data, listener, wanted, crew
        self._writer: Writer | None = None
        self._rows: list[Row] = []
        self._keys: list[str] = []
        self._bytes = 0

    def __getstate__(self) -> dict[str, Any]:
        """What others need to check the rows: all but what reading took."""
        taken = {"_listener": ignore, "_writer": None, "_crew": None, "_steps": None}
        return self.__dict__ | taken | {"parts": [part.past() for part in self.parts]}

    @property
    def row_type(self) -> str:
        """Kind of the rows."""
        return self.parts[0].chosen.row_type

    def read(self, source: Source, limit: int | None = None) -> Part:
        """Read a source to its end; rows after `limit` count for labels and runs only.

        Raises:
            DataError: A row cannot be read and bad rows are not skipped, or nothing is left.
        """
        is_test = bool(self.parts) and self._data.test_where is not None
        kept = Filter(self._data.where)
        if is_test:
            kept = Filter(self._data.test_where or {}, "data.test_where")
        records = kept.pass_on(source.read())
        first = list(itertools.islice(records, ROWS_OF_SAMPLE))
        part = Part(source, self._choose(first, source, kept), len(self.label_N))
        self._same_kind(part)
        self.parts.append(part)
        is_second = part is not self.parts[0]
        taking = Taking(self._data, part.chosen, is_test=is_second, cleaning=self._steps)
        for taken in self._taken(taking, itertools.chain(first, records)):
            self._add(taken, part, limit)
            if taken.number % ROWS_BETWEEN_EVENTS == 0:
                self._tell(source, part)
            is_full = limit is not None and self._is_full(part, limit)
            if is_full and not _has_label(part.chosen.row_type):
                break
        self._flush(part)
        part.end = len(self.label_N)
        if part.end == part.begin:
            raise self._nothing_left(source)
        return part

    def close(self) -> None:
        """End the staging file."""
        if self._writer:
            self._writer.close()

    def _taken(self, taking: Taking, items: Iterable[Numbered]) -> Iterator[Taken]:
        """What became of each record; others do the work where there is more than converting."""
        crew, given = self._crew, parts_of(items)
        pays = bool(self._data.clean) or crew.is_remote
        work = taking if crew.is_alone or not pays else taking.forgetful()
        for some in crew.map(work, given, here=PARTS_HERE) if pays else map(work, given):
            for one in some:
                yield one if one.again is None else taking.take(one.number, one.again)

    def _add(self, taken: Taken, part: Part, limit: int | None) -> None:
        part.num_read += 1
        part.files[taken.file] = part.files.get(taken.file, 0) + 1
        self.cleaning.add(taken.notes)
        if taken.bad is not None:
            self._skip(taken.bad)
        made, mark = taken.made, taken.mark
        if made is None:
            return
        for what in made.lost:
            self.lost.setdefault(what, Skipped()).add(f"{taken.number:,}")
        label = 0
        if isinstance(made.row, Labelled | Pair):
            label = self._label(made.row.label, made.label_kind, taken.number, part)
        else:
            for name in classes_of(made.row):
                self.names[name] = self.names.get(name, 0) + 1
        if limit is None or not self._is_full(part, limit):
            if mark is not None:
                self.marks.append(mark)
            self._keep(taken.number, made, label, part)

    def _label(self, name: str, kind: str, number: int, part: Part) -> int:
        seen = self.labels.get(name)
        if seen is None:
            seen = self.labels[name] = LabelSeen(len(self.labels))
        rows = seen.rows.setdefault(kind, [])
        if len(rows) < MOST_EXAMPLES:
            rows.append(number)
        if part is self.parts[0]:
            self.runs.add(name, number)
        return seen.number

    def _is_full(self, part: Part, limit: int) -> bool:
        return len(self.label_N) - part.begin >= limit

    def _keep(self, number: int, made: Converted, label: int, part: Part) -> None:
        self.label_N.append(label)
        self.source_N.append(number)
        self._rows.append(made.row)
        self._keys.append(made.key)
        self._bytes += len(made.key)
        if self._bytes >= BYTES_AT_ONCE or len(self._rows) >= ROWS_AT_ONCE:
            self._flush(part)

    def _flush(self, part: Part) -> None:
        pa = pyarrow()
        row_type = part.chosen.row_type
        own = [name for name in schema(row_type).names if name not in {"source_row", "group"}]
        fields = [schema(row_type).field(name) for name in own]
        columns = pa.schema([*fields, ("key", pa.string()), ("source_row", pa.int64())])
        if self._writer is None:
            self._writer = Writer(self.rows_file, columns, rows_of_batch=1)
        if self._rows:
            numbers = self.source_N[-len(self._rows) :]
            values = columns_of(self._rows) | {"key": self._keys, "source_row": numbers.tolist()}
            self._writer.write(pa.RecordBatch.from_pydict(values, schema=columns))
        self._rows, self._keys, self._bytes = [], [], 0

    def _skip(self, bad: BadRow) -> None:
        if not self._data.skip_bad:
            raise bad.error()
        self.skipped.add(f"{place(bad)}: {bad.problem}")
        with self.skipped_file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(bad.to_json(), ensure_ascii=False) + "\n")

    def _choose(
        self, first: list[tuple[int, Record | BadRow]], source: Source, kept: Filter
    ) -> Chosen:
        rows = [item.values for _, item in first if isinstance(item, Record)]
        if not rows:
            bad = next((item for _, item in first if isinstance(item, BadRow)), None)
            if bad is not None:
                raise bad.error()
            kept.refuse_if_unknown()
            raise self._nothing_left(source, kept.said())
        columns = list(dict.fromkeys(name for row in rows for name in row))
        template = self._data.template
        given: dict[str, str] | None = None if template is None else {**template}
        sample = Sample(columns, rows, self._data.columns, given)
        return choose_format(sample, self._data.format, source.reference, self._wanted)

    def _same_kind(self, part: Part) -> None:
        first = self.parts[0] if self.parts else part
        if first.chosen.row_type != part.chosen.row_type:
            raise DataError(
                f"The test source gives {part.chosen.row_type} rows, the source "
                f"{first.chosen.row_type} rows.",
                where="data.test_source",
                fix="Give a test source in the same format, or set data.format and data.columns.",
            )

    def _nothing_left(self, source: Source, said: str = "") -> DataError:
        skipped = f"; {self.skipped.count:,} rows could not be read" if self.skipped.count else ""
        return DataError(
            f"No rows are left{said or skipped}." if said or skipped else "There are no rows.",
            where=source.reference,
            fix="Check data.where." if said else "Give a source with rows.",
        )

    def _tell(self, source: Source, part: Part) -> None:
        meter = source.meter
        done, total = (meter.done, meter.total) if meter and meter.total else (part.num_read, 0)
        unit = "bytes" if total else "rows"
        facts: dict[str, Any] = {"stage": "prepare", "done": done, "total": total, "unit": unit}
        self._listener(Event("progress", facts | {"text": "reading", "rows": part.num_read}))


def _has_label(row_type: str) -> bool:
    return row_type in {"labelled", "pair"}
