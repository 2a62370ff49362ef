"""Reward: the mean of what graders give; `reward:length` is one grader's own score.

Answers that a grader gave no score are left out; the report says how many.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from tuneful.evaluating.metrics.base import Ratio

if TYPE_CHECKING:
    from tuneful.evaluating.measures.graded import GradedSample
    from tuneful.evaluating.metrics.base import Array


class Reward(Ratio):
    """The mean reward of answers, or of one grader's scores."""

    measures: ClassVar[tuple[str, ...]] = ("graded",)
    is_share: ClassVar[bool] = False
    undefined: ClassVar[str] = "no answer has a score"

    @property
    def title(self) -> str:
        """The grader's name, or "reward" for all together."""
        return f"score of {self.part}" if self.part else "reward"

    def statistics(self, sample: GradedSample) -> Array:
        """The score and whether there is one: [N, 2]."""
        import numpy as np

        found = (
            [scores.get(self.part) for scores in sample.scores]
            if self.part
            else list(sample.rewards)
        )
        return np.array([[0.0, 0.0] if score is None else [score, 1.0] for score in found])
