"""Which format a source's columns are in: detected, said, and refused where it is in doubt."""

from __future__ import annotations

from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tuneful.core.errors import DataError
from tuneful.core.report import Finding, Level
from tuneful.data.columns.unread import telling
from tuneful.data.columns.weights import weighted
from tuneful.data.formats import FORMATS
from tuneful.data.rows import WEIGHT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tuneful.data.formats.base import Convert, Match, Sample


@dataclass(frozen=True)
class Chosen:
    """A source's format, and how its records become rows.

    Attributes:
        sample: The rows that it was chosen by.
    """

    format: str
    row_type: str
    match: Match
    finding: Finding
    sample: Sample

    @cached_property
    def convert(self) -> Convert:
        """What turns one record's values into a row.

        Raises:
            DataError: The recipe names a column of weights, and rows of this kind have none.
        """
        made = FORMATS[self.format]().converter(self.match, self.sample)
        convert = telling(made, self.match.columns, self.sample.columns)
        chosen = self.sample.chosen
        return weighted(convert, self.row_type, chosen[WEIGHT]) if WEIGHT in chosen else convert

    def __reduce__(self) -> tuple[Any, ...]:
        # Functions are made anew where they are needed.
        return Chosen, (self.format, self.row_type, self.match, self.finding, self.sample)


def choose_format(sample: Sample, asked: str, where: str, wanted: Sequence[str] = ()) -> Chosen:
    """The one format that fits, or the one that is asked for.

    Args:
        sample: The first rows.
        asked: A format's name, or "auto".
        where: The source, for errors.
        wanted: Kinds of the rows that the method takes: formats that give them come first.

    Raises:
        DataError: None fits, several do, or a column that the recipe names is missing.
        UnknownName: There is no format of that name.
    """
    _check_columns(sample)
    sample = replace(sample, asked=asked)
    names = _candidates(sample, asked, wanted)
    name, match = _only(sample, names, where)
    is_asked = names == [name] and asked != "auto"
    rows = match.rows or FORMATS[name].rows
    finding = _finding(name, rows, match, sample, is_asked=is_asked)
    chosen = Chosen(name, rows, match, finding, sample)
    _ = chosen.convert
    return chosen


def _candidates(sample: Sample, asked: str, wanted: Sequence[str]) -> list[str]:
    """The format that is asked for, or those that know every column name that the recipe chose."""
    if sample.template is not None:
        if asked not in {"auto", "template"}:
            raise DataError(
                f"The recipe has a data.template, but data.format is {asked}.",
                where="data.template",
                fix="Remove one of the two.",
            )
        return ["template"]
    if asked != "auto":
        return [asked]
    chosen = set(sample.chosen) - {WEIGHT}
    fitting = [name for name in FORMATS if chosen <= set(FORMATS[name].ours)]
    if not fitting:
        known = sorted({ours for name in FORMATS for ours in FORMATS[name].ours})
        unknown = sorted(chosen - set(known))
        close = get_close_matches(unknown[0], known, n=1) if unknown else []
        hint = f"Did you mean {close[0]!r}? " if close else ""
        raise DataError(
            f"No format has the columns {', '.join(sorted(chosen))} together.",
            where="data.columns",
            fix=f"{hint}Our names are {', '.join(known)}.",
        )
    own = [name for name in fitting if FORMATS[name].rows in wanted]
    if any(_may_fit(name, sample) for name in own):
        return own
    plain = [name for name in fitting if FORMATS[name].is_plain]
    return plain or fitting


def _may_fit(name: str, sample: Sample) -> bool:
    """Whether a format fits, or could fit if a doubt were settled."""
    try:
        return FORMATS[name]().detect(sample) is not None
    except DataError:
        return True


def _only(sample: Sample, names: Sequence[str], where: str) -> tuple[str, Match]:
    """The only one of these formats that fits, or could fit if a doubt were settled."""
    found: dict[str, Match] = {}
    doubts: dict[str, DataError] = {}
    for name in names:
        try:
            match = FORMATS[name]().detect(sample)
        except DataError as doubt:
            doubts[name] = doubt
        else:
            found |= {name: match} if match else {}
    if not found and not doubts:
        raise _none_fits(sample, names, where)
    if not found or len(found) + len(doubts) == 1:
        for doubt in doubts.values():
            raise doubt
        return next(iter(found.items()))
    several = [f"{name} by {match.why}" for name, match in found.items()]
    several += [f"{name} ({doubt.message.rstrip('.')})" for name, doubt in doubts.items()]
    raise DataError(
        f"The columns fit several formats: {'; '.join(several)}.",
        where=where,
        fix=f"Say which: --set data.format={next(iter(found))}",
    )


def _check_columns(sample: Sample) -> None:
    for ours, theirs in sample.chosen.items():
        if theirs not in sample.columns:
            close = get_close_matches(theirs, sample.columns, n=1)
            hint = f"Did you mean {close[0]!r}? " if close else ""
            raise DataError(
                f"There is no column {theirs!r}.",
                where=f"data.columns.{ours}",
                fix=f"{hint}The columns are {_listed(sample.columns)}.",
            )


def _none_fits(sample: Sample, names: Sequence[str], where: str) -> DataError:
    wants = "; ".join(f"{name}: {FORMATS[name].wants}" for name in names)
    return DataError(
        f"The columns {_listed(sample.columns)} fit no format.",
        where=where,
        fix="Say which column is which, for classes --set data.columns.text=… --set "
        "data.columns.label=…, or give a data.template; a file without a header needs one. "
        f"Formats need: {wants}.",
    )


def _listed(columns: Sequence[str]) -> str:
    shown = ", ".join(map(repr, columns[:20]))
    return shown + (f" and {len(columns) - 20} more" if len(columns) > 20 else "")


def _finding(name: str, rows: str, match: Match, sample: Sample, *, is_asked: bool) -> Finding:
    used = dict(match.columns)
    used |= {ours: theirs for ours, theirs in sample.chosen.items() if ours == WEIGHT}
    rest = [column for column in sample.columns if column not in used.values()]
    pairs = ", ".join(f"{ours} is column {theirs!r}" for ours, theirs in used.items())
    unused = f"; not used: {_listed(rest)}" if rest else ""
    verb = "As the recipe says, rows are" if is_asked else "Rows were recognised as"
    return Finding(
        Level.NOTE,
        "format",
        f"{verb} {name} ({rows} rows), by {match.why}.",
        evidence=pairs + unused,
        fix="If that is wrong, set data.format and data.columns.",
        where="data.format",
    )
