"""Numbers for texts: the rating that the model expects beside the true one.

The base is the untuned model with a fresh head from the seed.

Shapes: N rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tuneful.core.errors import DataError
from tuneful.evaluating.measures.base import Plain, Told

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from tuneful.data.rows import Rated
    from tuneful.models.classifier import Classifier


@dataclass(frozen=True)
class RatingSample:
    """Ratings of texts.

    Attributes:
        truth_N: As the rows have it.
        rating_N: As the model has it: any number of the scale.
        level_N: The model's, rounded to the nearest level where the truth knows only levels (whole
            steps from the scale's lowest rating), else as it is.
    """

    truth_N: NDArray[np.float64]
    rating_N: NDArray[np.float64]
    level_N: NDArray[np.float64]


class Ratings(Plain):
    """How many stars a text gives."""

    def ask(self, predictor: Classifier, rows: Sequence[Rated], told: Told) -> list[Any]:
        """Logits of each row."""
        return predictor.logits([row.text for row in rows], told("rows")).tolist()

    def sample(self, said: Sequence[Any], rows: Sequence[Rated]) -> RatingSample:
        """Expected ratings beside true ones.

        Raises:
            DataError: Rows have ratings outside the model's scale.
        """
        import numpy as np

        self._check(rows)
        truth_N = np.array([row.rating for row in rows])
        rating_N = self._ratings(np.asarray(said, dtype=np.float64))
        steps_N = truth_N - self._lowest
        has_levels = bool((steps_N == np.round(steps_N)).all())
        return RatingSample(truth_N, rating_N, self._level(rating_N) if has_levels else rating_N)

    def _check(self, rows: Sequence[Rated]) -> None:
        low, high = self._lowest, float(self._method.config.highest)
        outside = [row for row in rows if not low <= row.rating <= high]
        if outside:
            raise DataError(
                f"{len(outside):,} of {len(rows):,} rows have a rating outside the model's scale "
                f"of {low:g} to {high:g}: {outside[0].rating:g}.",
                where=f"text {outside[0].text[:60]!r}",
                fix="Bring them to that scale, or leave them out with data.where (with --data: "
                "data.test_where).",
            )

    @property
    def _method(self) -> Any:
        method = self.context.method
        assert method is not None, "a model that rates was trained"
        return method

    @property
    def _lowest(self) -> float:
        return float(self._method.config.lowest)

    def _ratings(self, logits_NC: NDArray[np.float64]) -> NDArray[np.float64]:
        import torch

        return self._method.ratings(torch.from_numpy(logits_NC)).numpy()

    def _level(self, rating_N: NDArray[np.float64]) -> NDArray[np.float64]:
        """The nearest level; of two as near, the higher."""
        import numpy as np

        return self._lowest + np.floor(rating_N - self._lowest + 0.5)

    def facts(self, sample: RatingSample) -> Mapping[str, Any]:
        """How well one number for every text would do: the median, which no other beats."""
        import numpy as np

        median = float(np.median(sample.truth_N))
        error = float(np.abs(sample.truth_N - median).mean())
        return {"trivial": {"mae": [error, f"always saying {median:g}, the median"]}}

    def plain_use(self) -> str:
        """How scores become a rating."""
        config = self._method.config
        low, high = config.lowest, config.highest
        if self._method.is_ordinal:
            return f"the rating is {low:g} plus the sum of all probabilities (top_k=None)"
        return f"the rating is {low:g} + (score + 1) / 2 * {high - low:g}"

    def say(self, predictor: Classifier, inputs: Sequence[Any]) -> list[dict[str, Any]]:
        """The rating that is expected, and the level nearest to it."""
        import numpy as np

        rating_N = self._ratings(predictor.logits(list(inputs)).astype(np.float64))
        pairs = zip(rating_N.tolist(), self._level(rating_N).tolist(), strict=True)
        return [{"rating": round(rating, 6), "level": level} for rating, level in pairs]
