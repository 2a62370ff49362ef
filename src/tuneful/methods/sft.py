"""Supervised fine-tuning: imitate the assistant's turns of conversations.

Loss:  mean of -log p(token) over the learned tokens of the whole optimizer step, whatever the
       passes or devices it was cut into (the error of averaging per pass: transformers #34191).
Rows:  Chat. Each gives one sequence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from tuneful.data.rows import Chat
from tuneful.methods.base import (
    DataFacts,
    Encoded,
    Head,
    Loss,
    Measured,
    Needs,
    TokenScores,
    encode_chats,
)
from tuneful.recipe.parts import PartConfig

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor

    from tuneful.models.tokenizer import Tokenizer


class SFTConfig(PartConfig):
    """Settings of supervised fine-tuning."""

    name: Literal["sft"] = Field(default="sft", description="Imitate the assistant's turns.")
    learn: Literal["all", "last"] = Field(
        default="all",
        description="Assistant's turns that are learned: all, or the last alone. A turn's own "
        "weight (0 to leave it out) counts in both.",
    )
    neftune_alpha: float = Field(
        default=0.0,
        ge=0,
        description="Uniform noise on the embeddings while training, of size alpha / sqrt(tokens x "
        "width); 5 is its paper's choice (Jain et al. 2023, arXiv:2310.05914).",
    )


class SFT:
    """Raise the probability of every assistant token, given what stands before it."""

    Config: ClassVar[type[SFTConfig]] = SFTConfig
    rows: ClassVar[type[Chat]] = Chat
    head: ClassVar[Head] = "tokens"
    measured: ClassVar[Measured] = "answers"
    paper: ClassVar[str] = "Ouyang et al. 2022, arXiv:2203.02155, section 3.5"
    metrics: ClassVar[tuple[str, ...]] = ("exact_match", "token_f1", "rouge_l", "perplexity")
    # Full: TRL's default is 2e-5; LoRA about ten times as much (Schulman et al. 2025, "LoRA without
    # regret"); small models like 135M take more of both.
    learning_rates: ClassVar[Mapping[str, tuple[float, float, float]]] = {
        "full": (1e-6, 5e-5, 1e-3),
        "lora": (1e-5, 5e-4, 5e-3),
    }

    def __init__(self, config: SFTConfig, facts: DataFacts) -> None:
        del facts
        self.config, self.outputs = config, ()
        self.needs = Needs(neftune_alpha=config.neftune_alpha)

    def encode(
        self, rows: Sequence[Chat], tokenizer: Tokenizer, max_length: int
    ) -> list[list[Encoded]]:
        """One sequence a row; learned are the assistant's tokens and the token that ends each turn.

        Raises:
            DataError: The template refuses a row, or rewrites its earlier turns.
        """
        return encode_chats(rows, tokenizer, max_length, only_last=self.config.learn == "last")

    def units(self, sequences: Sequence[Encoded]) -> float:
        """The sum of the learned tokens' weights."""
        return sum(sum(sequence.weights) * sequence.weight for sequence in sequences)

    def loss(self, scores: TokenScores) -> Loss:
        """Sum of weight * -log p(token), in nats."""
        return Loss(-(scores.logp_N * scores.weight_N).sum())

    def known_gradient(self, weight_N: Tensor) -> Tensor | None:
        """The loss is linear in log p: its gradient is minus the weight."""
        return -weight_N
