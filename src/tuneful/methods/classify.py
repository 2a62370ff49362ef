"""Classification: put a text into one of the classes seen in training.

Loss:  weighted cross-entropy, divided by the sum of the weights, as torch's cross_entropy does.
Rows:  Labelled. Each gives one sequence.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from tuneful.data.rows import Labelled
from tuneful.methods.base import ClassScores, DataFacts, Encoded, Head, Loss, Measured, Needs
from tuneful.models.encoded import encode_labelled
from tuneful.models.losses import cross_entropy
from tuneful.recipe.parts import PartConfig

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor

    from tuneful.models.tokenizer import Tokenizer


class ClassifyConfig(PartConfig):
    """Settings of classification."""

    name: Literal["classify"] = Field(default="classify", description="One class for each text.")
    class_weights: Literal["none", "balanced"] = Field(
        default="none",
        description="balanced: a row counts rows / (classes * rows of its class), so that rare "
        "classes weigh as much as common ones (King & Zeng 2001).",
    )

    label_smoothing: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="Share of the target spread over all classes (Szegedy et al. 2016).",
    )
    focal_gamma: float = Field(
        default=0.0,
        ge=0,
        description="Focal loss: rows already right weigh less; 2 is its paper's choice (Lin et "
        "al. 2017, arXiv:1708.02002), 0 is plain cross-entropy.",
    )


class Classify:
    """Learn the class of a text from the model's pooled state."""

    Config: ClassVar[type[ClassifyConfig]] = ClassifyConfig
    rows: ClassVar[type[Labelled]] = Labelled
    head: ClassVar[Head] = "classes"
    measured: ClassVar[Measured] = "classes"
    metrics: ClassVar[tuple[str, ...]] = ("accuracy", "macro_f1", "ece")
    paper: ClassVar[str] = "Devlin et al. 2019, arXiv:1810.04805"
    # Full: BERT's own grid is 2e-5 to 5e-5 (Devlin et al. 2019, appendix A.3); small encoders such
    # as MiniLM like more. LoRA: about ten times full (Schulman et al. 2025, "LoRA without regret").
    learning_rates: ClassVar[Mapping[str, tuple[float, float, float]]] = {
        "full": (2e-6, 1e-4, 1e-3),
        "lora": (2e-5, 5e-4, 1e-2),
    }

    def __init__(self, config: ClassifyConfig, facts: DataFacts) -> None:
        self.config, self.needs, self.outputs = config, Needs(), facts.labels
        self.index = {label: number for number, label in enumerate(facts.labels)}
        total = sum(facts.label_counts)
        self.class_weight = [
            total / (len(facts.labels) * count) if config.class_weights == "balanced" else 1.0
            for count in facts.label_counts
        ]

    def encode(
        self, rows: Sequence[Labelled], tokenizer: Tokenizer, max_length: int
    ) -> list[list[Encoded]]:
        """One sequence a row, with the tokenizer's special tokens.

        Raises:
            DataError: A row's label is not among the training labels.
        """
        encoded = encode_labelled(rows, tokenizer, max_length, self.index)
        return [
            [replace(one, weight=self.class_weight[one.label] * one.weight)] for (one,) in encoded
        ]

    def units(self, sequences: Sequence[Encoded]) -> float:
        """The sum of the rows' weights."""
        return sum(sequence.weight for sequence in sequences)

    def loss(self, scores: ClassScores) -> Loss:
        """Sum of weight * cross-entropy (nats); and the weight of rows got right."""
        loss_S = cross_entropy(
            scores.logits_SC,
            scores.label_S,
            smoothing=self.config.label_smoothing,
            focus=self.config.focal_gamma,
        )
        right_S = (scores.logits_SC.argmax(dim=-1) == scores.label_S) * scores.weight_S
        return Loss((loss_S * scores.weight_S).sum(), {"accuracy": right_S.sum().detach()})

    def known_gradient(self, weight_N: Tensor) -> Tensor | None:
        """None: the gradient depends on the scores."""
        del weight_N
