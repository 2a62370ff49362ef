"""Multi-label classification: all the classes a text belongs to, each a yes or no of its own.

Loss:  binary cross-entropy of each class, summed over classes, divided by rows x classes.
Rows:  MultiLabelled. Each gives one sequence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from tuneful.data.rows import MultiLabelled
from tuneful.methods.base import ClassScores, DataFacts, Encoded, Head, Loss, Measured, Needs
from tuneful.models.losses import binary_cross_entropy
from tuneful.recipe.parts import PartConfig

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor

    from tuneful.models.tokenizer import Tokenizer


class ClassifyMultiConfig(PartConfig):
    """Settings of multi-label classification."""

    name: Literal["classify_multi"] = Field(
        default="classify_multi", description="All classes of each text."
    )
    focal_gamma: float = Field(
        default=0.0, ge=0, description="Focal loss: what is already right weighs less (Lin 2017)."
    )


class ClassifyMulti:
    """Learn each class as a question of its own."""

    Config: ClassVar[type[ClassifyMultiConfig]] = ClassifyMultiConfig
    rows: ClassVar[type[MultiLabelled]] = MultiLabelled
    head: ClassVar[Head] = "classes"
    measured: ClassVar[Measured] = "labels"
    metrics: ClassVar[tuple[str, ...]] = ("micro_f1", "macro_f1", "subset_accuracy")
    paper: ClassVar[str] = "Nam et al. 2014, arXiv:1312.5419"
    # As classification: the same head and scale of loss.
    learning_rates: ClassVar[Mapping[str, tuple[float, float, float]]] = {
        "full": (2e-6, 1e-4, 1e-3),
        "lora": (2e-5, 5e-4, 1e-2),
    }

    def __init__(self, config: ClassifyMultiConfig, facts: DataFacts) -> None:
        self.config, self.outputs = config, facts.labels
        self.needs = Needs(problem_type="multi_label_classification")

    def encode(
        self, rows: Sequence[MultiLabelled], tokenizer: Tokenizer, max_length: int
    ) -> list[list[Encoded]]:
        """One sequence a row; its targets are 1 for its classes and 0 for the others."""
        encoded: list[list[Encoded]] = []
        for row, ids in zip(rows, tokenizer.encode([row.text for row in rows]), strict=True):
            tokens, num_cut = tokenizer.close(ids, max_length)
            targets = [float(name in row.labels) for name in self.outputs]
            encoded.append([Encoded(tokens, weight=row.weight, num_cut=num_cut, targets=targets)])
        return encoded

    def units(self, sequences: Sequence[Encoded]) -> float:
        """The sum of the rows' weights."""
        return sum(sequence.weight for sequence in sequences)

    def loss(self, scores: ClassScores) -> Loss:
        """Sum over rows of the mean over classes of -log p(yes or no), nats."""
        target_SC = scores.target_SC
        loss_SC = binary_cross_entropy(scores.logits_SC, target_SC, focus=self.config.focal_gamma)
        right_SC = ((scores.logits_SC > 0) == (target_SC > 0)).float()
        sums = {"accuracy": (right_SC.mean(dim=1) * scores.weight_S).sum().detach()}
        return Loss((loss_SC.mean(dim=1) * scores.weight_S).sum(), sums)

    def known_gradient(self, weight_N: Tensor) -> Tensor | None:
        """None: the gradient depends on the scores."""
        del weight_N
