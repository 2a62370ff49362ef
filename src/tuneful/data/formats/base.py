"""What every format is made of: columns found by name, values turned into a row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol, runtime_checkable

from tuneful.core.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tuneful.data.rows import Row


class BadValue(Exception):  # noqa: N818  (reads as what was found: "bad value")
    """A row whose values cannot become a row of the format; caught where rows are counted."""

    def __init__(self, problem: str, fix: str) -> None:
        super().__init__(problem)
        self.problem, self.fix = problem, fix


class Converted(NamedTuple):
    """A row and what is needed to judge it.

    Attributes:
        row: The row.
        key: What copies are judged by: the text, or what the model is given.
        label_kind: How the source writes the label: "text", "number" or "true/false".
        lost: What the format leaves out of a row on purpose, in words, for a person to judge.
    """

    row: Row
    key: str
    label_kind: str = ""
    lost: tuple[str, ...] = ()


Convert = Callable[[Mapping[str, Any]], Converted]
"""Turns a source's values into a row, or raises BadValue."""


@dataclass(frozen=True)
class Sample:
    """The first rows of a source, and what the recipe says of its columns.

    Attributes:
        columns: Every column of these rows, in order.
        rows: The rows.
        chosen: Our name of a column to the source's, as the recipe has it.
        template: The recipe's template, or None.
        asked: The format that the recipe names; "auto": a format that is a special case of another
            takes the rows, and the other leaves them to it.
    """

    columns: Sequence[str]
    rows: Sequence[Mapping[str, Any]]
    chosen: Mapping[str, str] = field(default_factory=dict[str, str])
    template: Mapping[str, str] | None = None
    asked: str = "auto"

    def first(self, column: str) -> object:
        """The first value of a column that is there and not empty."""
        return next((row[column] for row in self.rows if row.get(column)), None)

    def pick(self, ours: str, *tiers: Sequence[str]) -> str | None:
        """The source's column for one of ours: as chosen, else the only one of the best tier.

        Raises:
            DataError: Several columns of the same tier could be meant.
        """
        if ours in self.chosen:
            return self.chosen[ours]
        for tier in tiers:
            found = [name for name in self.columns if plain(name) in tier]
            if len(found) > 1:
                listed = ", ".join(map(repr, found))
                raise DataError(
                    f"Several columns could be the {ours}: {listed}.",
                    where=f"data.columns.{ours}",
                    fix=f"Say which: --set data.columns.{ours}={found[0]}",
                )
            if found:
                return found[0]
        return None

    def columns_named(self, names: Mapping[str, Sequence[Sequence[str]]]) -> Match | None:
        """All of these columns; None where one is not there. The last, rarest one is first sought.

        Args:
            names: Our names to the tiers that `pick` takes.
        """
        found: dict[str, str] = {}
        for ours, tiers in reversed(list(names.items())):
            column = self.pick(ours, *tiers)
            if column is None:
                return None
            found = {ours: column, **found}
        return Match.of(found)

    def has(self, ours: str, *tiers: Sequence[str]) -> bool:
        """Whether any column could be one of ours."""
        if ours in self.chosen:
            return True
        return any(plain(name) in tier for name in self.columns for tier in tiers)


def plain(name: str) -> str:
    """A column's name without differences of case, spaces and dashes."""
    return name.strip().lower().replace(" ", "_").replace("-", "_")


@dataclass(frozen=True)
class Match:
    """A format that fits.

    Attributes:
        columns: Our names to the source's.
        why: What it was recognised by.
        rows: Kind of the rows, where the format can give several kinds.
    """

    columns: Mapping[str, str]
    why: str
    rows: str = ""

    @classmethod
    def of(cls, columns: Mapping[str, str]) -> Match:
        """Recognised by its columns."""
        return cls(columns, "columns " + ", ".join(map(repr, columns.values())))


class Format(Protocol):
    """A way to read rows out of columns. Stateless."""

    rows: ClassVar[str]
    """Kind of the rows it gives (data.rows.ROWS); where it can give several, the usual one."""
    is_plain: ClassVar[bool]
    """Whether it is tried for any method; else only where the method needs its rows, since its
    columns could as well be another format's."""
    ours: ClassVar[tuple[str, ...]]
    """Our names of the columns it may use."""
    wants: ClassVar[str]
    """The columns it needs, in words."""

    def detect(self, sample: Sample) -> Match | None:
        """The columns that make the format, or None where it does not fit."""
        ...

    def converter(self, match: Match, sample: Sample) -> Convert:
        """What turns one record's values into a row."""
        ...


@runtime_checkable
class WritableFormat(Format, Protocol):
    """A format that rows can be written in as well (data.convert)."""

    writes: ClassVar[tuple[str, ...]]
    """Kinds of the rows that it can hold (data.rows.ROWS)."""

    def record(self, row: Row) -> dict[str, Any]:
        """A row of such a kind as column to value, in JSON's types.

        What is silently left out is found by reading the record back; what makes it impossible to
        write the row at all is raised.

        Raises:
            BadValue: The format cannot hold the row.
        """
        ...


def text_of(value: object, name: str) -> str:
    """A column's value as text; nothing is an empty text.

    Raises:
        BadValue: It is a list or an object.
    """
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"{value:.15g}" if isinstance(value, float) else str(value)
    raise BadValue(
        f"The column {name!r} holds a {type(value).__name__}, not text.",
        "Name a column of texts, or flatten it",
    )
