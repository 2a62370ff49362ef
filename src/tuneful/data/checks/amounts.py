"""Fewer rows than were asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuneful.core.report import Finding, Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tuneful.data.checks.base import Facts


def check(facts: Facts) -> Iterator[Finding]:
    """Compare each split with the number that the recipe names."""
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
