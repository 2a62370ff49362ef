"""What every metric is made of.

Most metrics are functions of sums over rows: `statistics` says what is summed, `combine` what
becomes of the sums. So a bootstrap resample is one product of row counts with the statistics, and
ten thousand of them take a blink. What is no such function (ranks, quantiles) looks at all rows at
once, each with a weight, for many resamples together: `weighed`.

A metric that means nothing for some rows (ranks, where one class is missing) is NaN there, which is
told as a finding and never shown as a number.

Shapes: N rows, K statistics, R resamples.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, cast, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


class Metric(Protocol):
    """A number for how good answers are; a `Summed` or a `Weighed`."""

    better: ClassVar[Literal["higher", "lower"]]
    measures: ClassVar[tuple[str, ...]]
    """The measures (evaluating.measures) whose samples it reads."""
    is_share: ClassVar[bool]
    """Whether it lies between 0 and 1 and is shown in percent."""

    def __init__(self, part: str = "") -> None: ...

    @property
    def title(self) -> str:
        """For a person."""
        ...

    def statistics(self, sample: Any) -> Array:
        """What is known of each row of a sample of one of its measures: [N, K]."""
        ...


class Summed(Metric, Protocol):
    """A metric that is a function of sums over rows."""

    def combine(self, sums_RK: Array, num_rows: int) -> Array:
        """The metric [R] of sums over `num_rows` rows."""
        ...


@runtime_checkable
class Weighed(Metric, Protocol):
    """A metric that is none."""

    def weighed(self, weights_RN: Array, statistics_NK: Array) -> Array:
        """The metric [R] of rows that count as often as their weights say: [R, N]."""
        ...


def values(metric: Metric, weights_RN: Array, statistics_NK: Array) -> Array:
    """The metric of weighted rows, whose weights sum to one number of rows: [R]."""
    if isinstance(metric, Weighed):
        return metric.weighed(weights_RN, statistics_NK)
    num_rows = round(float(weights_RN[0].sum()))
    return cast("Summed", metric).combine(weights_RN @ statistics_NK, num_rows)


def why_undefined(metric: Metric) -> str:
    """What must be so for the metric to be NaN: its `undefined`, where it has one."""
    return str(getattr(metric, "undefined", "none of the test rows has what it measures"))


class Mean:
    """A metric that is a mean over rows of a number of each row."""

    better: ClassVar[Literal["higher", "lower"]] = "higher"
    is_share: ClassVar[bool] = True

    def __init__(self, part: str = "") -> None:
        self.part = part

    def combine(self, sums_RK: Array, num_rows: int) -> Array:
        """Sum over rows by their number."""
        return sums_RK[:, 0] / num_rows


class PlainMean(Mean):
    """A mean of numbers that are no shares: ranks, ratings."""

    is_share: ClassVar[bool] = False


class Ratio:
    """A metric that is one sum by another: right ones by those that count."""

    better: ClassVar[Literal["higher", "lower"]] = "higher"
    is_share: ClassVar[bool] = True

    def __init__(self, part: str = "") -> None:
        self.part = part

    def combine(self, sums_RK: Array, num_rows: int) -> Array:
        """The first sum by the second; NaN where nothing counts."""
        del num_rows
        return ratio(sums_RK[:, 0], sums_RK[:, 1])


def ratio(sum_R: Array, by_R: Array) -> Array:
    """One sum by another, which is none below zero; NaN where that is zero: [R]."""
    import numpy as np

    return np.divide(sum_R, by_R, out=np.full(len(sum_R), np.nan), where=by_R > 0)


def row_values(metric: Metric, both_NK: Sequence[Array]) -> list[Array]:
    """Of each model the numbers [N] that the metric is the mean of.

    None where it is no mean, or the models' means are not of the same rows.
    """
    import numpy as np

    combine = getattr(type(metric), "combine", None)
    if combine is Mean.combine:
        return [one_NK[:, 0] for one_NK in both_NK]
    if combine is not Ratio.combine:
        return []
    counts_N = both_NK[0][:, 1]
    is_same = all((one_NK[:, 1] == counts_N).all() for one_NK in both_NK)
    is_mean = is_same and bool(np.isin(counts_N, (0.0, 1.0)).all()) and bool(counts_N.any())
    return [one_NK[counts_N == 1, 0] for one_NK in both_NK] if is_mean else []
