"""Answers that are meant as JSON and do not parse, or that are not JSON where others are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuneful.core.report import Finding, Level
from tuneful.data.checks.base import rows_that, tell
from tuneful.data.faults.answers import broken_json, is_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tuneful.data.checks.base import Facts

MOSTLY = 0.8
"""Share of answers in JSON above which the others are taken for slips."""
FEWEST_ANSWERS = 20


def check(facts: Facts) -> Iterator[Finding]:
    """Parse every answer that is learned."""
    broken = tell(facts, "broken-json", ((row, broken_json(text)) for row, text in facts.answers()))
    if broken.num_rows:
        yield Finding(
            Level.WARNING,
            "broken-json",
            f"{rows_that(broken.num_rows, 'hold')} answers that begin as JSON and do not parse.",
            evidence=broken.evidence,
            fix="Mend them in the source; json in data.clean leaves such rows out.",
            where="data.clean",
            change=facts.clean_with("json"),
        )
    num_json, total = 0, 0
    for _, text in facts.answers():
        num_json += is_json(text)
        total += 1
    if total < FEWEST_ANSWERS or not MOSTLY * total <= num_json < total:
        return
    found = tell(facts, "not-json", ((row, _prose(text)) for row, text in facts.answers()))
    if found.num_rows:
        yield Finding(
            Level.WARNING,
            "not-json",
            f"{rows_that(found.num_rows, 'hold')} answers that are no JSON; "
            f"{num_json:,} of {total:,} are.",
            evidence=found.evidence,
            fix="Mend them in the source; {name: json, every: true} in data.clean leaves them out.",
            where="data.clean",
            change=facts.clean_with("json", every=True),
        )


def _prose(text: str) -> str:
    return "" if is_json(text) or broken_json(text) else text[:40]
