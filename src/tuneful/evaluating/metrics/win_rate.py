"""How often the model's own answer beats the rejected one, by likeness to the chosen one."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from tuneful.evaluating.likeness import likeness
from tuneful.evaluating.metrics.base import Mean

if TYPE_CHECKING:
    from tuneful.evaluating.measures.preferences import PreferenceSample
    from tuneful.evaluating.metrics.base import Array


class WinRate(Mean):
    """The share of prompts whose answer is more like the chosen one than the rejected is."""

    measures: ClassVar[tuple[str, ...]] = ("preferences",)
    title: ClassVar[str] = "wins against the rejected answer"

    def statistics(self, sample: PreferenceSample) -> Array:
        """1 for a win, 0.5 for a tie: [N, 1]."""
        import numpy as np

        won: list[list[float]] = []
        for said, chosen, rejected in zip(
            sample.answers, sample.references, sample.rejected, strict=True
        ):
            own, other = likeness(said, chosen), likeness(rejected, chosen)
            won.append([1.0 if own > other else 0.5 if own == other else 0.0])
        return np.array(won)
