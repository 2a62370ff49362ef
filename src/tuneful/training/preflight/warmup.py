"""Warm-up longer than the run: the learning rate never arrives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuneful.core.report import Finding, Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tuneful.training.preflight.base import Inspection

LONG_SHARE = 0.3
"""More than this of a run in warm-up is unusual; recipes of the literature use 0.01 to 0.1."""


def check(inspection: Inspection) -> Iterator[Finding]:
    """Compare warm-up steps with the run's."""
    train, steps = inspection.recipe.train, inspection.num_steps
    warmup = train.warmup_steps
    if warmup is None or warmup < LONG_SHARE * steps:
        return
    rows = inspection.data.num_rows("train")
    count = f"{rows:,} rows x {train.epochs:g} epochs / {inspection.batch_size} rows a step"
    if warmup >= steps:
        yield Finding(
            Level.ERROR,
            "warmup-too-long",
            f"Warm-up takes {warmup} steps, but the run has only {steps}.",
            evidence=f"{count} = {steps} steps; the highest learning rate reached would be "
            f"{max(steps - 1, 0) / warmup:.0%} of the one asked for, at the last step",
            fix=f"Leave out train.warmup_steps: warm-up is then {train.warmup_share:.0%} of the "
            "run, whatever its length.",
            where="train.warmup_steps",
            change={"train.warmup_steps": None},
        )
        return
    yield Finding(
        Level.WARNING,
        "warmup-long",
        f"Warm-up takes {warmup} of {steps} steps.",
        evidence=f"{count} = {steps} steps",
        fix=f"Leave out train.warmup_steps for {train.warmup_share:.0%} of the run.",
        where="train.warmup_steps",
        change={"train.warmup_steps": None},
    )
