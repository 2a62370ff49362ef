"""Ratings against true ones: how far apart, how often the same, and agreement beyond chance.

Quadratic kappa (Cohen 1968) of levels x and y is 1 - sum of w O / sum of w E with w = (x - y)^2, O
what was seen and E what independent raters of the same habits would give. The squares multiply out:
1 - sum (x - y)^2 / (sum x^2 + sum y^2 - 2 sum x sum y / N), so that sums over rows suffice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from tuneful.evaluating.metrics.base import Mean

if TYPE_CHECKING:
    from tuneful.evaluating.measures.ratings import RatingSample
    from tuneful.evaluating.metrics.base import Array


class MeanAbsoluteError(Mean):
    """The mean distance from the true rating, in its unit."""

    better: ClassVar[Literal["higher", "lower"]] = "lower"
    is_share: ClassVar[bool] = False
    measures: ClassVar[tuple[str, ...]] = ("ratings",)
    title: ClassVar[str] = "mean absolute error"

    def statistics(self, sample: RatingSample) -> Array:
        """The distance of each row: [N, 1]."""
        return abs(sample.rating_N - sample.truth_N)[:, None]


class RootMeanSquaredError:
    """The root of the mean squared distance from the true rating, in its unit: far misses weigh."""

    better: ClassVar[Literal["higher", "lower"]] = "lower"
    is_share: ClassVar[bool] = False
    measures: ClassVar[tuple[str, ...]] = ("ratings",)
    title: ClassVar[str] = "root mean squared error"

    def __init__(self, part: str = "") -> None:
        self.part = part

    def statistics(self, sample: RatingSample) -> Array:
        """The squared distance of each row: [N, 1]."""
        return ((sample.rating_N - sample.truth_N) ** 2)[:, None]

    def combine(self, sums_RK: Array, num_rows: int) -> Array:
        """The root of the mean."""
        import numpy as np

        return np.sqrt(sums_RK[:, 0] / num_rows)


class RatingAccuracy(Mean):
    """The share of rows whose nearest level is the true one."""

    measures: ClassVar[tuple[str, ...]] = ("ratings",)
    title: ClassVar[str] = "exact level"

    def statistics(self, sample: RatingSample) -> Array:
        """1 for each row got right: [N, 1]."""
        return (sample.level_N == sample.truth_N).astype("float64")[:, None]


class QuadraticKappa:
    """Agreement of nearest levels and true ones: 1 is perfect, 0 is chance, below is worse."""

    better: ClassVar[Literal["higher", "lower"]] = "higher"
    is_share: ClassVar[bool] = False
    measures: ClassVar[tuple[str, ...]] = ("ratings",)
    title: ClassVar[str] = "quadratic kappa"
    undefined: ClassVar[str] = "all ratings, true ones and the model's, are one level"

    def __init__(self, part: str = "") -> None:
        self.part = part

    def statistics(self, sample: RatingSample) -> Array:
        """(x - y)^2, x^2 + y^2, x and y of each row: [N, 4]."""
        import numpy as np

        x_N, y_N = sample.level_N, sample.truth_N
        return np.stack([(x_N - y_N) ** 2, x_N**2 + y_N**2, x_N, y_N], axis=1)

    def combine(self, sums_RK: Array, num_rows: int) -> Array:
        """Kappa; NaN where all is one level, since then there is nothing to agree on."""
        import numpy as np

        seen_R, squares_R, x_R, y_R = sums_RK.T
        chance_R = squares_R - 2 * x_R * y_R / num_rows
        tiny = 1e-9 * np.maximum(squares_R, 1.0)
        unknown_R = np.full_like(seen_R, np.nan)
        share_R = np.divide(seen_R, chance_R, out=unknown_R, where=chance_R > tiny)
        return 1 - share_R
