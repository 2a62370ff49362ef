"""Fewer rows than were asked for, and splits without any."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuneful.core.report import Finding, Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tuneful.data.checks.base import Facts


def check(facts: Facts) -> Iterator[Finding]:
    """Compare each split with the number that the recipe names, and with its share."""
    for split in ("validation", "test"):
        wanted = getattr(facts.amounts, split)
        if wanted and not facts.num_rows(split):
            yield Finding(
                Level.WARNING,
                "empty-split",
                f"The split {split} has no rows, where {wanted:,} would be its share.",
                evidence="of each class at least one row, with its copies, is trained on",
                fix="Give more rows of each class; rows that are copies stay together.",
                where=f"data.split.{split}",
            )
    for split, asked in facts.amounts.asked.items():
        got = facts.num_rows(split)
        if got < asked:
            yield Finding(
                Level.WARNING,
                "fewer-rows",
                f"The split {split} has {got:,} rows; {asked:,} were asked for.",
                evidence=f"the source has {facts.rows.num_main:,} rows",
                fix="Ask for fewer rows of the other splits, or give a larger source.",
                where=f"data.take.{split}",
            )
