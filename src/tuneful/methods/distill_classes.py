"""Distillation of a classifier into a smaller one, by DistilBERT's three losses.

Loss:  soft T^2 KL(teacher, student) at temperature T + hard (-log p of the class) + cosine (1 - cos
       of the last states, the mean over a row's tokens); the mean over rows. Sanh et al. 2019,
       section 2; what its masked words are to DistilBERT, the rows' classes are here.
Rows:  Labelled. Each gives one sequence.
Cost:  a teacher in memory and its forward pass.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

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


class DistillClassesConfig(PartConfig):
    """Settings of a classifier's distillation."""

    name: Literal["distill_classes"] = Field(
        default="distill_classes", description="Imitate a classifier."
    )
    teacher: str = Field(
        description="A tuned classifier (run:name, a folder) of the same classes and tokens."
    )
    temperature: float = Field(
        default=2.0, gt=0, description="What both models' logits are divided by (DistilBERT's)."
    )
    soft: float = Field(
        default=5.0, ge=0, description="Weight of the teacher's probabilities (DistilBERT's)."
    )
    hard: float = Field(
        default=2.0, ge=0, description="Weight of the rows' own classes (DistilBERT's)."
    )
    cosine: float = Field(
        default=1.0,
        ge=0,
        description="Weight of the last states' direction (DistilBERT's); 0 where the teacher is "
        "of another width.",
    )


class DistillClasses:
    """Move the student's class probabilities and states toward the teacher's."""

    Config: ClassVar[type[DistillClassesConfig]] = DistillClassesConfig
    rows: ClassVar[type[Labelled]] = Labelled
    head: ClassVar[Head] = "classes"
    measured: ClassVar[Measured] = "classes"
    metrics: ClassVar[tuple[str, ...]] = ("accuracy", "macro_f1", "ece")
    paper: ClassVar[str] = "Sanh et al. 2019, arXiv:1910.01108"
    # As classification's: the three weights sum to 8, but AdamW does not see a loss's scale.
    learning_rates: ClassVar[Mapping[str, tuple[float, float, float]]] = {
        "full": (2e-6, 1e-4, 1e-3),
        "lora": (2e-5, 5e-4, 1e-2),
    }

    def __init__(self, config: DistillClassesConfig, facts: DataFacts) -> None:
        self.config, self.outputs = config, facts.labels
        self.needs = Needs(teacher=config.teacher, states=config.cosine > 0)
        self.index = {label: number for number, label in enumerate(facts.labels)}

    def encode(
        self, rows: Sequence[Labelled], tokenizer: Tokenizer, max_length: int
    ) -> list[list[Encoded]]:
        """One sequence a row, with the tokenizer's special tokens.

        Raises:
            DataError: A row's label is not among the training labels.
        """
        return encode_labelled(rows, tokenizer, max_length, self.index)

    def units(self, sequences: Sequence[Encoded]) -> float:
        """The sum of the rows' weights."""
        return sum(sequence.weight for sequence in sequences)

    def loss(self, scores: ClassScores) -> Loss:
        """The three losses' weighted sum over rows, and each of them."""
        from tuneful.models.divergence import forward_kl

        config = self.config
        assert scores.teacher_SC is not None, "the engine asks the teacher"
        ours, theirs = (
            (logits_SC / config.temperature).log_softmax(dim=1)
            for logits_SC in (scores.logits_SC, scores.teacher_SC)
        )
        parts = {
            "soft": config.temperature**2 * forward_kl(ours, theirs),
            "hard": cross_entropy(scores.logits_SC, scores.label_S),
        }
        if scores.apart_S is not None:
            parts["cosine"] = scores.apart_S
        sums = {name: (loss_S * scores.weight_S).sum() for name, loss_S in parts.items()}
        total = sum((getattr(config, n) * value for n, value in sums.items()), sums["soft"] * 0)
        right_S = (scores.logits_SC.argmax(dim=-1) == scores.label_S) * scores.weight_S
        seen: dict[str, Any] = {name: value.detach() for name, value in sums.items()}
        return Loss(total, {**seen, "accuracy": right_S.sum().detach()})

    def known_gradient(self, weight_N: Tensor) -> Tensor | None:
        """None: the gradient depends on the scores."""
        del weight_N
