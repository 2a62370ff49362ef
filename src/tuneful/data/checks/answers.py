"""Answers that are meant as JSON and do not parse, or that are not JSON where others are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuneful.data.checks.base import rows_that, tell
from tuneful.data.faults.answers import broken_json, is_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tuneful.core.report import Finding
    from tuneful.data.checks.base import Facts

MOSTLY = 0.8
"""Share of answers in JSON above which the others are taken for slips."""
FEWEST_ANSWERS = 20


def check(facts: Facts) -> Iterator[Finding]:
    """Parse every answer that is learned."""
    broken = tell(facts, "broken-json", ((row, broken_json(text)) for row, text in facts.answers()))
    yield from broken.warning(
        f"{rows_that(broken.num_rows, 'hold')} answers that begin as JSON and do not parse.",
        "Mend them in the source; json in data.clean leaves such rows out.",
        "json",
    )
    num_json, total = 0, 0
    for _, text in facts.answers():
        num_json += is_json(text)
        total += 1
    if total < FEWEST_ANSWERS or not MOSTLY * total <= num_json < total:
        return
    found = tell(facts, "not-json", ((row, _prose(text)) for row, text in facts.answers()))
    yield from found.warning(
        f"{rows_that(found.num_rows, 'hold')} answers that are no JSON; "
        f"{num_json:,} of {total:,} are.",
        "Mend them in the source; {name: json, every: true} in data.clean leaves them out.",
        "json",
        every=True,
    )


def _prose(text: str) -> str:
    return "" if is_json(text) or broken_json(text) else text[:40]
