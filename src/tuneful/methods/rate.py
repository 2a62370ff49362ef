"""Rating: a number for a text, such as 1 to 5 stars.

Loss:  regression: half the squared error of the rating on a scale where the data's range is -1 to
       1, so that the same learning rates serve stars and percentages.
       ordinal: one yes or no for "above level k" of each level but the highest, the mean of their
       cross-entropies (Frank & Hall 2001; Niu et al. 2016, "Ordinal regression with multiple
       output CNN"); ratings between two levels are learned as the nearest.
Rows:  Rated. Each gives one sequence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal, Self

from pydantic import Field, model_validator

from tuneful.core.errors import DataError
from tuneful.data.rows import Rated
from tuneful.methods.base import ClassScores, DataFacts, Encoded, Head, Loss, Measured, Needs
from tuneful.models.losses import binary_cross_entropy
from tuneful.recipe.parts import PartConfig

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor

    from tuneful.models.tokenizer import Tokenizer


class RateConfig(PartConfig):
    """Settings of rating."""

    name: Literal["rate"] = Field(default="rate", description="A number for each text.")
    loss: Literal["ordinal", "regression"] = Field(
        default="ordinal",
        description="ordinal: levels with an order; regression: any number in the range.",
    )
    lowest: float = Field(default=1.0, description="The scale's lowest rating.")
    highest: float = Field(default=5.0, description="The scale's highest rating.")

    @model_validator(mode="after")
    def _is_a_scale(self) -> Self:
        if not self.lowest < self.highest:
            raise ValueError(f"lowest {self.lowest:g} must lie below highest {self.highest:g}")
        if self.loss == "ordinal" and not float(self.highest - self.lowest).is_integer():
            raise ValueError("ordinal levels stand 1 apart; use loss: regression for this scale")
        return self


class Rate:
    """Learn how many stars a text gives."""

    Config: ClassVar[type[RateConfig]] = RateConfig
    rows: ClassVar[type[Rated]] = Rated
    head: ClassVar[Head] = "classes"
    measured: ClassVar[Measured] = "ratings"
    metrics: ClassVar[tuple[str, ...]] = ("mae", "quadratic_kappa", "rating_accuracy")
    paper: ClassVar[str] = "Niu et al. 2016, CVPR: Ordinal regression with multiple output CNN"
    learning_rates: ClassVar[Mapping[str, tuple[float, float, float]]] = {
        "full": (2e-6, 1e-4, 1e-3),
        "lora": (2e-5, 5e-4, 1e-2),
    }

    def __init__(self, config: RateConfig, facts: DataFacts) -> None:
        del facts
        self.config, self.is_ordinal = config, config.loss == "ordinal"
        kind = "multi_label_classification" if self.is_ordinal else "regression"
        self.needs = Needs(problem_type=kind)
        levels = [config.lowest + k for k in range(round(config.highest - config.lowest))]
        self.levels = levels if self.is_ordinal else []
        self.outputs = tuple(f"above {k:g}" for k in self.levels) or ("rating",)

    def encode(
        self, rows: Sequence[Rated], tokenizer: Tokenizer, max_length: int
    ) -> list[list[Encoded]]:
        """One sequence a row; its targets are the scaled rating, or 1 for each level it is above.

        Raises:
            DataError: A rating lies outside the scale.
        """
        encoded: list[list[Encoded]] = []
        for row, ids in zip(rows, tokenizer.encode([row.text for row in rows]), strict=True):
            tokens, num_cut = tokenizer.close(ids, max_length)
            targets = self._targets(row)
            encoded.append([Encoded(tokens, weight=row.weight, num_cut=num_cut, targets=targets)])
        return encoded

    def _targets(self, row: Rated) -> list[float]:
        low, high = self.config.lowest, self.config.highest
        if not low <= row.rating <= high:
            raise DataError(
                f"The rating {row.rating:g} lies outside {low:g} to {high:g}.",
                where=f"text {row.text[:60]!r}",
                fix="Set method.lowest and method.highest to the scale of the ratings.",
            )
        if not self.is_ordinal:
            return [2 * (row.rating - low) / (high - low) - 1]
        return [float(row.rating > level + 0.5) for level in self.levels]

    def units(self, sequences: Sequence[Encoded]) -> float:
        """The sum of the rows' weights."""
        return sum(sequence.weight for sequence in sequences)

    def loss(self, scores: ClassScores) -> Loss:
        """Sum over rows of half the squared error, or of the levels' mean cross-entropy (nats)."""
        apart_S = (self.ratings(scores.logits_SC) - self._truth(scores.target_SC)).abs()
        sums = {"mae": (apart_S * scores.weight_S).sum().detach()}
        if self.is_ordinal:
            loss_S = binary_cross_entropy(scores.logits_SC, scores.target_SC).mean(dim=1)
        else:
            loss_S = (scores.logits_SC - scores.target_SC).square()[:, 0] / 2
        return Loss((loss_S * scores.weight_S).sum(), sums)

    def ratings(self, logits_SC: Tensor) -> Tensor:
        """The rating that scores stand for: [S].

        Ordinal: the expected level, lowest + sum of P(above k). Regression: kept in the range.
        """
        low, high = self.config.lowest, self.config.highest
        if self.is_ordinal:
            return low + logits_SC.sigmoid().sum(dim=1)
        return low + (logits_SC[:, 0].clamp(-1, 1) + 1) / 2 * (high - low)

    def _truth(self, target_SC: Tensor) -> Tensor:
        low, high = self.config.lowest, self.config.highest
        if self.is_ordinal:
            return low + target_SC.sum(dim=1)
        return low + (target_SC[:, 0] + 1) / 2 * (high - low)

    def known_gradient(self, weight_N: Tensor) -> Tensor | None:
        """None: the gradient depends on the scores."""
        del weight_N
