"""Classification of text pairs: entailment, paraphrase, whether an answer fits.

Loss:  cross-entropy, divided by rows, as in classification of single texts.
Rows:  Pair. Each gives one sequence: both texts with the tokenizer's separator between them; the
       longer one is cut first where they do not fit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from tuneful.core.errors import DataError
from tuneful.data.rows import Pair
from tuneful.methods.base import ClassScores, DataFacts, Encoded, Head, Loss, Measured, Needs
from tuneful.models.losses import cross_entropy
from tuneful.recipe.parts import PartConfig

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor

    from tuneful.models.tokenizer import Tokenizer


class PairConfig(PartConfig):
    """Settings of pair classification."""

    name: Literal["pair"] = Field(default="pair", description="One class for each pair of texts.")
    label_smoothing: float = Field(
        default=0.0, ge=0, lt=1, description="Share of the target spread over all classes."
    )


class ClassifyPair:
    """Learn how two texts stand to each other."""

    Config: ClassVar[type[PairConfig]] = PairConfig
    rows: ClassVar[type[Pair]] = Pair
    head: ClassVar[Head] = "classes"
    measured: ClassVar[Measured] = "classes"
    metrics: ClassVar[tuple[str, ...]] = ("accuracy", "macro_f1", "ece")
    paper: ClassVar[str] = "Devlin et al. 2019, arXiv:1810.04805, section 4.1"
    learning_rates: ClassVar[Mapping[str, tuple[float, float, float]]] = {
        "full": (2e-6, 1e-4, 1e-3),
        "lora": (2e-5, 5e-4, 1e-2),
    }

    def __init__(self, config: PairConfig, facts: DataFacts) -> None:
        self.config, self.needs, self.outputs = config, Needs(), facts.labels
        self.index = {label: number for number, label in enumerate(facts.labels)}

    def encode(
        self, rows: Sequence[Pair], tokenizer: Tokenizer, max_length: int
    ) -> list[list[Encoded]]:
        """One sequence a row.

        Raises:
            DataError: A row's label is not among the training labels.
        """
        first = tokenizer.encode([row.text for row in rows])
        second = tokenizer.encode([row.second for row in rows])
        encoded: list[list[Encoded]] = []
        for row, one, other in zip(rows, first, second, strict=True):
            if row.label not in self.index:
                raise DataError(
                    f"The label {row.label!r} does not occur among the training rows.",
                    where=f"text {row.text[:60]!r}",
                    fix=f"Add training rows of it, or drop it. Known: {', '.join(self.index)}.",
                )
            both = tokenizer.close_pair(one, other, max_length)
            label = self.index[row.label]
            encoded.append(
                [
                    Encoded(
                        both.tokens,
                        label=label,
                        weight=row.weight,
                        num_cut=both.num_cut,
                        second=both.second,
                    )
                ]
            )
        return encoded

    def units(self, sequences: Sequence[Encoded]) -> float:
        """The sum of the rows' weights."""
        return sum(sequence.weight for sequence in sequences)

    def loss(self, scores: ClassScores) -> Loss:
        """Sum of cross-entropy (nats), and the rows got right."""
        smoothing = self.config.label_smoothing
        loss_S = cross_entropy(scores.logits_SC, scores.label_S, smoothing=smoothing)
        right_S = (scores.logits_SC.argmax(dim=-1) == scores.label_S) * scores.weight_S
        return Loss((loss_S * scores.weight_S).sum(), {"accuracy": right_S.sum().detach()})

    def known_gradient(self, weight_N: Tensor) -> Tensor | None:
        """None: the gradient depends on the scores."""
        del weight_N
