"""Can the model learn which of its own answers are better? If not, no rollout will teach it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tuneful.core.report import Finding, Level
from tuneful.training.preflight.base import diverges, weights_still

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tuneful.training.preflight.base import Inspection, Rehearsed

STEPS = 8
NUM_PROMPTS = 2


def check(inspection: Inspection) -> Iterator[Finding]:
    """Learn from the same graded answers again; the better ones must become likelier."""
    result = inspection.rehearse() if inspection.rehearse is not None else None
    if result is not None:
        yield from judge(result)


def judge(result: Rehearsed) -> Iterator[Finding]:
    """Whether learning from answers works at all."""
    evidence = (
        f"{result.num_answers} answers of the untrained model, {STEPS} steps on them: its better "
        f"tokens are {result.gain:+.3g} nats likelier, set against the worse"
    )
    if not math.isfinite(result.gain):
        yield diverges("answers-diverge", "Learning from a few answers diverges.", evidence)
    elif not result.moved:
        yield weights_still(evidence)
    elif result.gain <= 0:
        yield Finding(
            Level.WARNING,
            "answers-not-learned",
            "Better answers do not become likelier than worse ones, even when seen again and "
            "again.",
            evidence=f"{evidence}; the weights moved by {result.moved:.2g} of their length",
            fix="Check train.learning_rate (too high swings, too low stands) and method.beta.",
            where="train.learning_rate",
        )
