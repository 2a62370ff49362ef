"""What lm-evaluation-harness makes of many questions' values, with our intervals.

Shapes: N questions, R resamples.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

from tuneful.evaluating.tasks.task import Score

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tuneful.evaluating.metrics.base import Array, Metric


class Aggregated:
    """What is no mean: perplexity, BLEU, F1. Its statistics are numbers of values.

    Args:
        values: Of all questions, of the base after those of the tuned model.
        aggregate: lm-eval's function of some of them.
    """

    better: ClassVar[Literal["higher", "lower"]] = "higher"
    measures: ClassVar[tuple[str, ...]] = ()
    is_share: ClassVar[bool] = False

    def __init__(self, values: Sequence[Any], aggregate: Callable[[list[Any]], float]) -> None:
        self._values, self._aggregate = values, aggregate

    @property
    def title(self) -> str:
        """It has none of its own."""
        return "value"

    def statistics(self, sample: Array) -> Array:
        """Numbers of values as they are: [N, 1]."""
        return sample[:, None]

    def weighed(self, weights_RN: Array, statistics_NK: Array) -> Array:
        """The metric of values that count as often as their weights say: [R]."""
        import numpy as np

        numbers_N = statistics_NK[:, 0].astype(int)
        found: list[float] = []
        for weights_N in weights_RN:
            drawn = np.repeat(numbers_N, np.rint(weights_N).astype(int)).tolist()
            found.append(float(self._aggregate([self._values[number] for number in drawn])))
        return np.array(found)


class MeanScore(Score):
    """A mean of numbers that are no share."""

    is_share: ClassVar[bool] = False


def metric_of(
    aggregate: Callable[[list[Any]], float] | None,
    tuned: Sequence[Any],
    base: Sequence[Any] | None,
) -> tuple[Metric, Array, Array | None]:
    """A metric, and what both models' values are to it.

    Args:
        aggregate: lm-eval's function that makes a task's number of its questions' values; None for
            a mean.
        tuned: Values of the tuned model.
        base: Values of the base, if it was asked.
    """
    import numpy as np
    from lm_eval.api import metrics

    both = [*tuned, *(base or ())]
    if aggregate is None or aggregate is cast("Any", metrics).mean:
        is_share = all(0 <= float(value) <= 1 for value in both)
        kind = Score() if is_share else MeanScore()
        first = np.array([float(value) for value in tuned])[:, None]
        other = None if base is None else np.array([float(value) for value in base])[:, None]
        return kind, first, other
    known = cast("Metric", Aggregated(both, aggregate))
    numbers = np.arange(len(both), dtype=np.float64)[:, None]
    return known, numbers[: len(tuned)], None if base is None else numbers[len(tuned) :]
