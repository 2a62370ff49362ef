"""What was read, as what, and what was left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuneful.core.report import Finding, Level
from tuneful.core.units import rows
from tuneful.data.columns.unread import FLAGS, column
from tuneful.data.formats import FORMATS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tuneful.data.checks.base import Facts
    from tuneful.data.reading.seen import Skipped


def check(facts: Facts) -> Iterator[Finding]:
    """Say the format of each source, and which rows could not be read."""
    for part in facts.scan.parts:
        yield part.chosen.finding
        for note in part.source.notes:
            yield Finding(Level.NOTE, "source", note, where=part.source.reference)
    ours = FORMATS[facts.scan.parts[0].chosen.format].ours
    yield from _not_read(facts.scan.lost, [column(name) for name in ours])
    skipped = facts.scan.skipped
    if skipped.count:
        more = skipped.count - len(skipped.first)
        yield Finding(
            Level.WARNING,
            "skipped-rows",
            f"{skipped.count:,} rows could not be read and were left out.",
            evidence="; ".join(skipped.first) + (f"; and {more:,} more" if more else ""),
            fix="Mend them in the source; skipped.jsonl in the data set's folder lists them all.",
            where="data.skip_bad",
        )


def _not_read(lost: Mapping[str, Skipped], ours: Sequence[str]) -> Iterator[Finding]:
    """What rows hold and the format has no place for, or of `ours` came too late to be seen."""
    flags = {what: seen for what, seen in lost.items() if what in FLAGS}
    late = {what: seen for what, seen in lost.items() if what in ours}
    rest = {what: seen for what, seen in lost.items() if what not in {*flags, *late}}
    levels = (
        (Level.WARNING, flags, "Write it as the turn's weight: 0 is given and not learned."),
        (Level.WARNING, late, "None of the first rows has it: let one of them have it."),
        (Level.NOTE, rest, "If it is to be learned, write it into the text."),
    )
    for level, found, fix in levels:
        if found:
            counts = ", ".join(f"{what} ({rows(seen.count)})" for what, seen in found.items())
            yield Finding(
                level,
                "not-read",
                f"Rows hold what is not read: {counts}.",
                evidence="; ".join(f"{what}: {_first(seen)}" for what, seen in found.items()),
                fix=fix,
                where="data.source",
            )


def _first(seen: Skipped) -> str:
    more = seen.count - len(seen.first)
    return f"source rows {', '.join(seen.first)}" + (f" and {more:,} more" if more else "")
