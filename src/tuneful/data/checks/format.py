"""What was read, as what, and what was left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuneful.core.report import Finding, Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tuneful.data.checks.base import Facts


def check(facts: Facts) -> Iterator[Finding]:
    """Say the format of each source, and which rows could not be read."""
    for part in facts.scan.parts:
        yield part.chosen.finding
        for note in part.source.notes:
            yield Finding(Level.NOTE, "source", note, where=part.source.reference)
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
