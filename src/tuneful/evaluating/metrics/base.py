"""What every metric is made of.

A metric is a function of sums over rows: `statistics` says what is summed, `combine` what becomes
of the sums. So a bootstrap resample is one product of row counts with the statistics, and ten
thousand of them take a blink.

Shapes: N rows, K statistics, R resamples.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


class Metric(Protocol):
    """A number for how good answers are."""

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
        """What is summed over rows of a sample of one of its measures: [N, K]."""
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
