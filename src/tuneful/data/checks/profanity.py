"""Swear words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuneful.core.report import Finding, Level
from tuneful.data.checks.base import rows_that, search
from tuneful.data.faults.profanity import PATTERN, PROFANE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tuneful.data.checks.base import Facts


def check(facts: Facts) -> Iterator[Finding]:
    """Find texts with English swear words: a person decides."""
    found = search(facts, "profanity", PROFANE, _first)
    if found.num_rows:
        yield Finding(
            Level.NOTE,
            "profanity",
            f"{rows_that(found.num_rows, 'hold')} swear words "
            f"({found.num_rows / facts.num_used:.1%}).",
            evidence=found.evidence,
            fix="Nothing, where the model may meet them; else leave those rows out of the source.",
            where="data.source",
        )


def _first(text: str) -> str:
    match = PATTERN.search(text)
    return match.group().lower() if match else ""
