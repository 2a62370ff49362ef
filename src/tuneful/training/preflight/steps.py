"""Fewer optimizer steps than a model can learn in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuneful.core.report import Finding, Level
from tuneful.planning.choose import automatic_batch_size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tuneful.training.preflight.base import Inspection

FEW = 20
"""The steps in which even a few rows are barely learned by heart (see the overfit check)."""


def check(inspection: Inspection) -> Iterator[Finding]:
    """Count the steps."""
    steps, train = inspection.num_steps, inspection.recipe.train
    if steps >= FEW:
        return
    rows = inspection.data.num_rows("train")
    smaller = automatic_batch_size(rows * train.epochs)
    can_shrink = train.max_steps is None and smaller < inspection.batch_size
    yield Finding(
        Level.WARNING,
        "few-steps",
        f"The run has {steps} optimizer step{'' if steps == 1 else 's'}; few models learn in fewer "
        f"than {FEW}.",
        evidence=f"{rows:,} rows x {train.epochs:g} epochs / {inspection.batch_size} rows a step"
        + (f", at most {train.max_steps}" if train.max_steps else ""),
        fix="Give more rows or epochs"
        + (f", or set train.batch_size to auto ({smaller})." if can_shrink else "."),
        where="train",
        change={"train.batch_size": "auto"} if can_shrink else {},
    )
