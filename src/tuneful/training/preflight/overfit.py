"""Can the model learn four rows by heart? If not, something between rows and weights is broken."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tuneful.core.report import Finding, Level
from tuneful.training.preflight.base import diverges, weights_still

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tuneful.training.preflight.base import EncodedRows, Inspection, Overfit

NUM_ROWS = 4
STEPS = 20
EDGE = 3
"""Losses at either end whose means are compared: dropout makes a single one jump."""


def check(inspection: Inspection) -> Iterator[Finding]:
    """Train on a few short rows; the loss must fall and the weights must move."""
    if inspection.overfit is None or inspection.encoded is None:
        return
    rows = choose_rows(inspection.encoded, inspection.method.head)
    if rows:
        yield from judge(inspection.overfit(rows))


def choose_rows(encoded: EncodedRows, head: str) -> list[int]:
    """The shortest rows that have something to learn, of different classes as far as there are."""
    usable = [
        number
        for number in range(len(encoded.lengths))
        if head == "classes" or encoded.num_learned[number]
    ]
    usable.sort(key=lambda number: encoded.lengths[number])
    if head != "classes":
        return usable[:NUM_ROWS]
    labels = [row[0].label for row in encoded.take(usable[:256])]
    first_of_each = {label: number for number, label in reversed(list(enumerate(labels)))}
    chosen = [usable[at] for at in sorted(first_of_each.values())][:NUM_ROWS]
    return (chosen + [number for number in usable if number not in chosen])[:NUM_ROWS]


def judge(result: Overfit) -> Iterator[Finding]:
    """Whether training works at all."""
    first, last = _mean(result.losses[:EDGE]), _mean(result.losses[-EDGE:])
    evidence = f"loss {first:.4g} to {last:.4g} in {len(result.losses)} steps on the same rows"
    if not math.isfinite(last):
        yield diverges("diverges", "Training on a few rows diverges.", evidence)
    elif not result.moved:
        yield weights_still(evidence)
    elif last >= first:
        yield Finding(
            Level.ERROR,
            "does-not-learn",
            "The loss does not fall even on a few rows seen again and again.",
            evidence=f"{evidence}; the weights moved by {result.moved:.2g} of their length",
            fix="Check labels and texts of the shortest rows and train.learning_rate (too high "
            "swings, too low stands).",
            where="train.learning_rate",
        )


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
