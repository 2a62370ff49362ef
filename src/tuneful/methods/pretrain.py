"""Continued pre-training: go on learning to write from raw text of a domain.

Loss:  mean of -log p(token) over all tokens, as in pre-training (Gururangan et al. 2020,
       arXiv:2004.10964).
Rows:  Text. Each gives as many sequences as it takes to hold it whole: a document longer than
       max_length is cut into pieces, nothing is dropped. Documents are packed into passes without
       seeing each other; each ends with the end token.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from tuneful.data.rows import Text
from tuneful.methods.base import DataFacts, Encoded, Head, Loss, Measured, Needs, TokenScores
from tuneful.recipe.parts import PartConfig

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor

    from tuneful.models.tokenizer import Tokenizer

LONGEST = 1024
"""Tokens of a piece while max_length is not settled yet."""


class PretrainConfig(PartConfig):
    """Settings of continued pre-training."""

    name: Literal["pretrain"] = Field(default="pretrain", description="Go on with raw text.")


class Pretrain:
    """Raise the probability of every token of a text."""

    Config: ClassVar[type[PretrainConfig]] = PretrainConfig
    rows: ClassVar[type[Text]] = Text
    head: ClassVar[Head] = "tokens"
    measured: ClassVar[Measured] = "texts"
    metrics: ClassVar[tuple[str, ...]] = ("perplexity",)
    paper: ClassVar[str] = "Gururangan et al. 2020, arXiv:2004.10964"
    # Full: between pre-training's last rates and fine-tuning's (Ibrahim et al. 2024, 2403.08763).
    learning_rates: ClassVar[Mapping[str, tuple[float, float, float]]] = {
        "full": (1e-6, 5e-5, 1e-3),
        "lora": (1e-5, 5e-4, 5e-3),
    }

    def __init__(self, config: PretrainConfig, facts: DataFacts) -> None:
        del facts
        self.config, self.needs, self.outputs = config, Needs(), ()

    def encode(
        self, rows: Sequence[Text], tokenizer: Tokenizer, max_length: int
    ) -> list[list[Encoded]]:
        """Pieces of at most `max_length` tokens; the first token of a piece has no predecessor."""
        size = min(max_length, LONGEST) if max_length > 1 << 20 else max_length
        end = [] if tokenizer.eos_id is None else [tokenizer.eos_id]
        encoded: list[list[Encoded]] = []
        for row, ids in zip(rows, tokenizer.encode([row.text for row in rows]), strict=True):
            whole = [*tokenizer.prefix, *ids, *end]
            pieces = [whole[at : at + size] for at in range(0, len(whole), size)]
            encoded.append(
                [Encoded(p, [0.0] + [1.0] * (len(p) - 1), weight=row.weight) for p in pieces]
            )
        return encoded

    def units(self, sequences: Sequence[Encoded]) -> float:
        """Learned tokens."""
        return sum(sum(sequence.weights) * sequence.weight for sequence in sequences)

    def loss(self, scores: TokenScores) -> Loss:
        """Sum of -log p(token), in nats."""
        return Loss(-(scores.logp_N * scores.weight_N).sum())

    def known_gradient(self, weight_N: Tensor) -> Tensor | None:
        """The loss is linear in log p: its gradient is minus the weight."""
        return -weight_N
