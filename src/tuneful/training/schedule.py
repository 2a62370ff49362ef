"""The learning rate of a step: a pure function of its number."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tuneful.planning.settings import Settings


def learning_rate(settings: Settings, step: int) -> float:
    """The learning rate of step `step`, counted from 0.

    Rises linearly over the warm-up, so that step `warmup_steps` is the first at the peak; then
    falls to zero at the end of the run: linearly, as half a cosine (Loshchilov & Hutter 2017,
    arXiv:1608.03983, equation 5), or not at all. Equal to transformers' schedules.
    """
    if step < settings.warmup_steps:
        return settings.learning_rate * step / settings.warmup_steps
    if settings.schedule == "constant":
        return settings.learning_rate
    progress = (step - settings.warmup_steps) / max(1, settings.steps - settings.warmup_steps)
    progress = min(1.0, progress)
    if settings.schedule == "linear":
        return settings.learning_rate * (1.0 - progress)
    return settings.learning_rate * 0.5 * (1.0 + math.cos(math.pi * progress))
