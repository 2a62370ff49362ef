"""From a source's record to a row: pure work, which other processes may do as well."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from tuneful.core.errors import TunefulError
from tuneful.data.formats.base import BadValue
from tuneful.data.reading.cleaned import Cleaning, NeedsMemory
from tuneful.data.reading.records import BadRow, Record
from tuneful.data.rows import Labelled, Pair, texts_of
from tuneful.data.splitting.arranged import marked

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tuneful.data.formats.base import Converted
    from tuneful.data.reading.detect import Chosen
    from tuneful.recipe.data import Data

ROWS_OF_PART = 500
BYTES_OF_PART = 1 << 19
"""Of texts: what is given to another process at once."""

Numbered = tuple[int, Record | BadRow]


class Taken(NamedTuple):
    """What became of a record.

    Attributes:
        number: In its source, from 1.
        file: Where it was read.
        made: The row; None where a step of cleaning left it out, or it is bad.
        mark: What data.split divides it by (data.arranged.marked).
        notes: What cleaning did to it.
        bad: Why it is no row.
        again: The record, where it is to be taken by the one who remembers what was before it.
    """

    number: int
    file: str
    made: Converted | None = None
    mark: float | None = None
    notes: tuple[dict[str, Any], ...] = ()
    bad: BadRow | None = None
    again: Record | None = None


class Taking:
    """Converts, cleans and checks records.

    Args:
        data: The recipe's section.
        chosen: The source's format.
        is_test: Whether it is the test source's.
        cleaning: Of the one who remembers; None: rows that need it are given back.
    """

    def __init__(
        self, data: Data, chosen: Chosen, *, is_test: bool, cleaning: Cleaning | None
    ) -> None:
        self._data, self._chosen, self._is_test = data, chosen, is_test
        self._cleaning = cleaning or Cleaning(data.clean, is_forgetful=True)

    def forgetful(self) -> Taking:
        """The same, to be done by others."""
        return Taking(self._data, self._chosen, is_test=self._is_test, cleaning=None)

    def __reduce__(self) -> tuple[Any, ...]:
        return _forgetful, (self._data, self._chosen, self._is_test)

    def __call__(self, part: Sequence[Numbered]) -> list[Taken]:
        """Take records, one after the other."""
        return [self.take(number, item) for number, item in part]

    def take(self, number: int, item: Record | BadRow) -> Taken:
        """Take one record."""
        if isinstance(item, BadRow):
            return Taken(number, item.file, bad=item)
        notes: list[dict[str, Any]] = []
        try:
            made = self._named(self._chosen.convert(item.values))
            made = self._cleaning.clean(made, number, notes, is_test=self._is_test)
            if made is None:
                return Taken(number, item.file, notes=tuple(notes))
            _check_text(made, may_be_empty=not self._data.skip_bad)
            mark = marked(self._data.split, item.values, made.key, is_test=self._is_test)
        except NeedsMemory:
            return Taken(number, item.file, again=item)
        except BadValue as bad:
            found = BadRow(bad.problem, bad.fix, item.file, item.row, item.line)
            return Taken(number, item.file, notes=tuple(notes), bad=found)
        return Taken(number, item.file, made, mark, tuple(notes))

    def _named(self, made: Converted) -> Converted:
        """The row with its class's name in place of the source's label."""
        row, names = made.row, self._data.labels
        if not names or not isinstance(row, Labelled | Pair):
            return made
        if row.label not in names:
            known = ", ".join(names)
            raise BadValue(
                f"data.labels does not name the label {row.label!r}.", f"Add it; named are {known}"
            )
        return made._replace(row=replace(row, label=names[row.label]))


def _forgetful(data: Data, chosen: Chosen, is_test: bool) -> Taking:
    return Taking(data, chosen, is_test=is_test, cleaning=None)


def _check_text(made: Converted, *, may_be_empty: bool) -> None:
    if not may_be_empty and not made.key.strip():
        raise BadValue("The text is empty.", "Fill it")
    for text in texts_of(made.row):
        try:
            text.encode()
        except UnicodeEncodeError as error:
            sign = f"U+{ord(text[error.start]):04X}"
            raise BadValue(
                f"The text has half a character, {sign}, at place {error.start + 1:,}.",
                "Write the character whole; JSON has two \\u escapes for an emoji",
            ) from None


def parts_of(items: Iterable[Numbered]) -> Iterator[list[Numbered]]:
    """Records in parts of bounded size; what reading raises comes after those before it."""
    part: list[Numbered] = []
    size = 0
    try:
        for item in items:
            part.append(item)
            size += _size(item[1].values) if isinstance(item[1], Record) else 0
            if size >= BYTES_OF_PART or len(part) >= ROWS_OF_PART:
                yield part
                part, size = [], 0
    except TunefulError as error:
        fault = error
    else:
        fault = None
    if part:
        yield part
    if fault:
        raise fault


def _size(value: Any) -> int:
    """About how many bytes a value takes in memory."""
    if isinstance(value, str | bytes):
        return len(value)
    if isinstance(value, dict):
        return sum(map(_size, value.values()))  # pyright: ignore[reportUnknownArgumentType]
    if isinstance(value, list):
        return sum(map(_size, value))  # pyright: ignore[reportUnknownArgumentType]
    return 8
