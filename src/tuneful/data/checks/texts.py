"""Texts without a word."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuneful.core.report import Finding, Level
from tuneful.data.checks.base import listed, rows_that, tell
from tuneful.data.strings import silent_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tuneful.data.checks.base import Facts

GRAVE_SHARE = 0.05


def check(facts: Facts) -> Iterator[Finding]:
    """Count empty texts, and answers in which nothing is said."""
    yield from _silent(facts)
    texts = facts.texts
    if not texts.num_empty:
        return
    share = texts.num_empty / texts.num_rows
    yield Finding(
        Level.ERROR if share > GRAVE_SHARE else Level.WARNING,
        "empty-text",
        f"{texts.num_empty:,} of {texts.num_rows:,} rows have an empty text ({share:.1%}).",
        evidence=f"source rows {listed(texts.first_empty, texts.num_empty)}",
        fix="Fill them in the source, or leave them out: data.skip_bad: true lists them.",
        where="data.columns.text" if facts.labels else "data.source",
        change={"data.skip_bad": True},
    )


def _silent(facts: Facts) -> Iterator[Finding]:
    """Learned turns of the assistant without a word and without a call."""
    rows = (
        (int(number_N[at]), "an answer is empty")
        for batch, number_N in facts.batches()
        for at in sorted(silent_in(batch, facts.scan.row_type))
    )
    told = tell(facts, "empty-answer", rows)
    if told.num_rows:
        yield Finding(
            Level.WARNING,
            "empty-answer",
            f"{rows_that(told.num_rows, 'hold')} an empty answer: silence is learned.",
            evidence=told.evidence,
            fix="Fill it in the source; a turn of weight 0 is given and not learned.",
            where="data.source",
        )
