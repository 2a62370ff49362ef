"""Expected calibration error: how far confidence is from accuracy (Naeini et al. 2015).

The top class's probability falls into 15 bins of equal width, as in Guo et al. 2017 (1706.04599).
With few rows it is biased upwards: a perfectly calibrated model does not measure 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from tuneful.evaluating.calibration import BINS, bin_of

if TYPE_CHECKING:
    from tuneful.evaluating.measures.classes import ClassSample
    from tuneful.evaluating.metrics.base import Array


class CalibrationError:
    """Sum over bins of the bin's share of rows times |accuracy - mean confidence|."""

    better: ClassVar[Literal["higher", "lower"]] = "lower"
    is_share: ClassVar[bool] = True
    measures: ClassVar[tuple[str, ...]] = ("classes",)
    title: ClassVar[str] = "calibration error"

    def __init__(self, part: str = "") -> None:
        self.part = part

    def statistics(self, sample: ClassSample) -> Array:
        """For each bin: right minus confidence: [N, BINS]."""
        import numpy as np

        confidence_N = sample.probability_NC.max(axis=1)
        bin_N = bin_of(confidence_N)
        gap_N = (sample.chosen_N == sample.truth_N) - confidence_N
        return np.where(bin_N[:, None] == np.arange(BINS), gap_N[:, None], 0.0)

    def combine(self, sums_RK: Array, num_rows: int) -> Array:
        """Absolute gaps of the bins, by the number of rows."""
        import numpy as np

        return np.abs(sums_RK).sum(axis=1) / num_rows
