"""Convert: rows of a source, written in another format; what that would lose is found first.

Every record is read back as it will stand in the file and compared with the row that it was made
from. Rows pass by one at a time: into a draft of JSON lines, and from there into the file.
"""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from tuneful.core.errors import DataError
from tuneful.core.events import Event, ignore
from tuneful.data.columns.unread import column
from tuneful.data.columns.weights import weighted
from tuneful.data.converting import layouts
from tuneful.data.converting.drafts import LISTED, Drafts, drafts_of
from tuneful.data.converting.losses import differences
from tuneful.data.converting.targets import chosen_for, target_of
from tuneful.data.formats.base import BadValue, Convert, Sample
from tuneful.data.reading.detect import choose_format
from tuneful.data.reading.records import BadRow, Record, place
from tuneful.data.rows import ROWS, WEIGHT
from tuneful.data.sources import open_source

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tuneful.core.events import Listener
    from tuneful.core.report import Finding
    from tuneful.data.formats.base import WritableFormat
    from tuneful.data.reading.detect import Chosen
    from tuneful.data.reading.records import Source
    from tuneful.data.rows import Row

ROWS_OF_SAMPLE = 100
ROWS_BETWEEN_EVENTS = 2000


@dataclass(frozen=True)
class Asked:
    """What is to be converted into what.

    Attributes:
        source: As in a recipe's data.source.
        to: The format to write.
        output: The file to write; its ending says the layout.
        read_as, columns, query: As data.format, data.columns and data.query of a recipe.
        may_lose: Write rows without what the format cannot hold, and list that.
        skip_bad: Leave out rows that cannot be read, and list them; force: replace a file.
    """

    source: str
    to: str
    output: Path
    read_as: str = "auto"
    columns: Mapping[str, str] = field(default_factory=dict[str, str])
    query: str = ""
    may_lose: bool = False
    skip_bad: bool = False
    force: bool = False


@dataclass
class Converted:
    """What was written.

    Attributes:
        found: As what the source was recognised.
        notes: What a person should know of the source.
        num_rows: Rows in the file.
        num_bad: Rows that could not be read.
        num_unheld: Rows that the format cannot hold at all, left out.
        lost: What was lost, and in how many rows.
        listed: The file that lists the rows of all these; "" without any.
        recognised: As what the written file is recognised by itself; "" where it is not.
    """

    found: Finding
    row_type: str
    read_as: str
    notes: tuple[str, ...] = ()
    num_rows: int = 0
    num_bad: int = 0
    num_unheld: int = 0
    lost: dict[str, int] = field(default_factory=dict[str, int])
    listed: str = ""
    recognised: str = ""


def convert(asked: Asked, listener: Listener = ignore) -> Converted:
    """Write a source's rows in another format.

    Raises:
        DataError: The source cannot be read, the format cannot hold its rows, something would be
            lost and that is not allowed, or the file is there already.
        UnknownName: There is no such format.
    """
    target = target_of(asked.to)
    layout = layouts.layout_of(asked.output)
    if asked.output.exists() and not asked.force:
        fix = "Give another name, or replace it: --force."
        raise DataError("The file is there already.", where=str(asked.output), fix=fix)
    source = open_source(asked.source, listener, asked.query)
    with drafts_of(asked.output) as drafts:
        work = _Work(asked, target, layout, source, drafts)
        work.read(listener)
        if not work.done.num_rows:
            fix = "Look at one: leave out --lossy and --skip-bad."
            raise DataError("No row is left to write.", where=asked.source, fix=fix)
        drafts.finish(layout, list(work.columns), has_list=bool(work.done.listed))
    work.done.recognised = _recognised(work)
    return work.done


class _Work:
    """One source on its way.

    Attributes:
        columns: Of all records, in order.
        first: The first records, as they will be read.
    """

    def __init__(
        self, asked: Asked, target: WritableFormat, layout: str, source: Source, drafts: Drafts
    ) -> None:
        self.asked, self.target, self.layout, self.source = asked, target, layout, source
        self._drafts = drafts
        self.columns: dict[str, None] = {}
        self.first: list[dict[str, Any]] = []
        self._readers: dict[tuple[str, ...], Convert] = {}

    def read(self, listener: Listener) -> None:
        """Write the draft of the rows and of the list."""
        asked, items = self.asked, self.source.read()
        first = list(itertools.islice(items, ROWS_OF_SAMPLE))
        sample = _sample(first, asked, self.source)
        chosen = chosen_for(self.target, sample, asked.read_as, asked.to)
        self.done = Converted(chosen.finding, chosen.row_type, chosen.format, self.source.notes)
        used = {*chosen.match.columns.values(), asked.columns.get(WEIGHT, "")}
        with (
            self._drafts.rows.open("w", encoding="utf-8") as rows,
            self._drafts.list.open("w", encoding="utf-8") as listed,
        ):
            for number, item in enumerate(itertools.chain(first, items), start=1):
                record, notes = self._take(item, chosen, used)
                if notes:
                    self.done.listed = f"{self.asked.output.name}{LISTED}"
                    listed.write(layouts.line({"number": number, **notes}) + "\n")
                if record is not None:
                    self._keep(record)
                    rows.write(layouts.line(record) + "\n")
                if number % ROWS_BETWEEN_EVENTS == 0:
                    _tell(listener, self.source, number)

    def _take(
        self, item: Record | BadRow, chosen: Chosen, used: set[str]
    ) -> tuple[dict[str, Any] | None, dict[str, Any]]:
        """A row's record, or None; and what the list says of it."""
        if isinstance(item, BadRow):
            return None, self._bad(item)
        try:
            made = chosen.convert(item.values)
        except BadValue as bad:
            found = BadRow(bad.problem, bad.fix, item.file, item.row, item.line)
            return None, self._bad(found)
        unused = (
            name
            for name, value in item.values.items()
            if name not in used and value not in (None, "")
        )
        lost = list(dict.fromkeys([*made.lost, *map(column, unused)]))
        try:
            record = self.target.record(made.row)
            record = json.loads(_checked(layouts.line(record)))
            lost += differences(made.row, self._back(record, chosen.row_type))
        except BadValue as bad:
            return None, self._unheld(item, bad)
        if not lost:
            return record, {}
        if not self.asked.may_lose:
            raise self._refused(item, f"would lose {', '.join(lost)}")
        for what in lost:
            self.done.lost[what] = self.done.lost.get(what, 0) + 1
        return record, {"file": item.file, "row": item.row, "line": item.line, "lost": lost}

    def _keep(self, record: dict[str, Any]) -> None:
        self.done.num_rows += 1
        self.columns |= dict.fromkeys(record)
        if len(self.first) < ROWS_OF_SAMPLE:
            self.first.append(layouts.as_read(self.layout, record))

    def _back(self, record: Mapping[str, Any], row_type: str) -> Row:
        """The row that will be read from the file."""
        read = layouts.as_read(self.layout, dict(record))
        names = tuple(read)
        if names not in self._readers:
            self._readers[names] = self._reader(read, row_type)
        return self._readers[names](read).row

    def _reader(self, record: dict[str, Any], row_type: str) -> Convert:
        sample = Sample(list(record), [record], asked=self.asked.to)
        match = self.target.detect(sample)
        if match is None or (match.rows or self.target.rows) != row_type:
            # NeMo's chats are OpenAI's, and read as such.
            chosen = choose_format(replace(sample, asked="auto"), "auto", "", (row_type,))
            found = chosen.convert
        else:
            found = self.target.converter(match, sample)
        has_weight = WEIGHT in record and WEIGHT in ROWS[row_type].columns
        return weighted(found, row_type, WEIGHT) if has_weight else found

    def _bad(self, bad: BadRow) -> dict[str, Any]:
        if not self.asked.skip_bad:
            raise bad.error()
        self.done.num_bad += 1
        return bad.to_json()

    def _unheld(self, item: Record, bad: BadValue) -> dict[str, Any]:
        if not self.asked.may_lose:
            raise self._refused(item, f"cannot be written: {bad.problem.rstrip('.')}", bad.fix)
        self.done.num_unheld += 1
        return BadRow(bad.problem, bad.fix, item.file, item.row, item.line).to_json()

    def _refused(self, item: Record, what: str, fix: str = "") -> DataError:
        before = f"{fix}; or w" if fix else "W"
        return DataError(
            f"As {self.asked.to} ({self.layout}) the row {what}.",
            where=place(item),
            fix=f"{before}rite without, and list what was lost: --lossy.",
        )


def _sample(first: list[Record | BadRow], asked: Asked, source: Source) -> Sample:
    """The first rows.

    Raises:
        DataError: There are none, or all of them are bad.
    """
    rows = [item.values for item in first if isinstance(item, Record)]
    if not rows:
        bad = next((item for item in first if isinstance(item, BadRow)), None)
        if bad is not None:
            raise bad.error()
        raise DataError("There are no rows.", where=source.reference, fix="Give rows.")
    return Sample(list(dict.fromkeys(name for row in rows for name in row)), rows, asked.columns)


def _checked(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        sign = f"U+{ord(text[error.start]):04X}"
        problem = f"A text has half a character, {sign}."
        raise BadValue(problem, "Write the character whole") from None
    return text


def _recognised(work: _Work) -> str:
    """What the file will be taken for where nobody says what it is."""
    columns = list(dict.fromkeys(name for record in work.first for name in record))
    try:
        return choose_format(Sample(columns, work.first), "auto", "", (work.done.row_type,)).format
    except DataError:
        return ""


def _tell(listener: Listener, source: Source, number: int) -> None:
    meter = source.meter
    done, total = (meter.done, meter.total) if meter and meter.total else (number, 0)
    facts = {"stage": "convert", "done": done, "total": total, "text": "converting"}
    listener(Event("progress", facts | {"unit": "bytes" if total else "rows", "rows": number}))
