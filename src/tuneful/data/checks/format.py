"""What was read, as what, and what was left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuneful.core.report import Finding, Level
from tuneful.core.units import rows
from tuneful.data.columns.unread import FLAGS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tuneful.data.checks.base import Facts
    from tuneful.data.reading.seen import Skipped


def check(facts: Facts) -> Iterator[Finding]:
    """Say the format of each source, and which rows could not be read."""
    for part in facts.scan.parts:
        yield part.chosen.finding
        for note in part.source.notes:
            yield Finding(Level.NOTE, "source", note, where=part.source.reference)
    yield from _not_read(facts.scan.lost)
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


def _not_read(lost: Mapping[str, Skipped]) -> Iterator[Finding]:
    """What rows of the source hold and the format has no place for."""
    flags = {what: seen for what, seen in lost.items() if what in FLAGS}
    rest = {what: seen for what, seen in lost.items() if what not in FLAGS}
    levels = (
        (Level.WARNING, flags, "Write it as the turn's weight: 0 is given and not learned."),
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
