"""Tagging: a class for each word, such as names (BIO), parts of speech, chunks.

Loss:  cross-entropy of each word's first piece, divided by words; further pieces are not learned
       (Devlin et al. 2019, arXiv:1810.04805, section 5.3).
Rows:  Tagged. Each gives one sequence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from tuneful.core.errors import DataError
from tuneful.data.rows import Tagged
from tuneful.methods.base import ClassScores, DataFacts, Encoded, Head, Loss, Measured, Needs
from tuneful.models.losses import cross_entropy
from tuneful.recipe.parts import PartConfig

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor

    from tuneful.models.tokenizer import Tokenizer


class TagConfig(PartConfig):
    """Settings of tagging."""

    name: Literal["tag"] = Field(default="tag", description="One tag for each word.")
    label_smoothing: float = Field(
        default=0.0, ge=0, lt=1, description="Share of the target spread over all tags."
    )


class Tag:
    """Learn the tag of every word from its first piece."""

    Config: ClassVar[type[TagConfig]] = TagConfig
    rows: ClassVar[type[Tagged]] = Tagged
    head: ClassVar[Head] = "tags"
    measured: ClassVar[Measured] = "tags"
    metrics: ClassVar[tuple[str, ...]] = ("entity_f1", "tag_accuracy")
    paper: ClassVar[str] = "Devlin et al. 2019, arXiv:1810.04805, section 5.3"
    learning_rates: ClassVar[Mapping[str, tuple[float, float, float]]] = {
        "full": (2e-6, 1e-4, 1e-3),
        "lora": (2e-5, 5e-4, 1e-2),
    }

    def __init__(self, config: TagConfig, facts: DataFacts) -> None:
        self.config, self.needs, self.outputs = config, Needs(), facts.labels
        self.index = {tag: number for number, tag in enumerate(facts.labels)}

    def encode(
        self, rows: Sequence[Tagged], tokenizer: Tokenizer, max_length: int
    ) -> list[list[Encoded]]:
        """One sequence a row; weight 1 stands at the first piece of each word.

        Raises:
            DataError: A row's tag is not among the training tags.
        """
        encoded: list[list[Encoded]] = []
        for row in rows:
            unknown = next((tag for tag in row.tags if tag not in self.index), None)
            if unknown is not None:
                raise DataError(
                    f"The tag {unknown!r} does not occur among the training rows.",
                    where=f"words {' '.join(row.words)[:60]!r}",
                    fix=f"Add training rows of it. Known: {', '.join(self.index)}.",
                )
            pieces = tokenizer.encode_words(row.words, max_length)
            numbers = [self.index[tag] for tag in row.tags]
            weights = [float(word >= 0) for word in pieces.first_of]
            targets = [float(numbers[word]) if word >= 0 else 0.0 for word in pieces.first_of]
            encoded.append(
                [
                    Encoded(
                        pieces.tokens,
                        weights,
                        weight=row.weight,
                        num_cut=pieces.num_cut,
                        targets=targets,
                    )
                ]
            )
        return encoded

    def units(self, sequences: Sequence[Encoded]) -> float:
        """Words."""
        return sum(sum(sequence.weights) * sequence.weight for sequence in sequences)

    def loss(self, scores: ClassScores) -> Loss:
        """Sum of cross-entropy over words (nats), and the words got right."""
        smoothing = self.config.label_smoothing
        loss_S = cross_entropy(scores.logits_SC, scores.label_S, smoothing=smoothing)
        right_S = (scores.logits_SC.argmax(dim=-1) == scores.label_S) * scores.weight_S
        return Loss((loss_S * scores.weight_S).sum(), {"accuracy": right_S.sum().detach()})

    def known_gradient(self, weight_N: Tensor) -> Tensor | None:
        """None: the gradient depends on the scores."""
        del weight_N
