"""What every metric is made of.

A metric is a function of sums over rows: `statistics` says what is summed, `combine` what becomes
of the sums. So a bootstrap resample is one product of row counts with the statistics, and ten
thousand of them take a blink.

Shapes: N rows, K statistics, R resamples.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal, Protocol

from tuneful.core.errors import DataError
from tuneful.evaluating.samples import AnswerSample, ClassSample

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from tuneful.evaluating.samples import Sample

    Array = NDArray[np.float64]


class Metric(Protocol):
    """A number for how good answers are."""

    better: ClassVar[Literal["higher", "lower"]]
    head: ClassVar[Literal["classes", "tokens"]]
    """What a model must compute to be measured so."""
    is_share: ClassVar[bool]
    """Whether it lies between 0 and 1 and is shown in percent."""

    def __init__(self, part: str = "") -> None: ...

    @property
    def title(self) -> str:
        """For a person."""
        ...

    def statistics(self, sample: Sample) -> Array:
        """What is summed over rows: [N, K].

        Raises:
            DataError: The sample is of another kind.
        """
        ...

    def combine(self, sums_RK: Array, num_rows: int) -> Array:
        """The metric [R] of sums over `num_rows` rows."""
        ...


class Mean:
    """A metric that is a mean over rows of a number of each row."""

    better: ClassVar[Literal["higher", "lower"]] = "higher"
    is_share: ClassVar[bool] = True

    def __init__(self, part: str = "") -> None:
        self.part = part

    def combine(self, sums_RK: Array, num_rows: int) -> Array:
        """Sum over rows by their number."""
        return sums_RK[:, 0] / num_rows


def classes(sample: Sample, metric: str) -> ClassSample:
    """The sample as one of classes.

    Raises:
        DataError: It is one of answers.
    """
    if isinstance(sample, ClassSample):
        return sample
    raise _wrong(metric, "classes", "answers")


def answers(sample: Sample, metric: str) -> AnswerSample:
    """The sample as one of answers.

    Raises:
        DataError: It is one of classes.
    """
    if isinstance(sample, AnswerSample):
        return sample
    raise _wrong(metric, "answers", "classes")


def _wrong(metric: str, wanted: str, found: str) -> DataError:
    return DataError(
        f"The metric {metric} measures {wanted}, but the model gives {found}.",
        where="evaluate.metrics",
        fix="Leave evaluate.metrics to auto, or name metrics of the method.",
    )
