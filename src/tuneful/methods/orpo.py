"""ORPO: imitate the chosen answer and raise its odds over the rejected one's; no reference.

Loss:  -m(chosen) - beta log sigmoid(log odds(chosen) - log odds(rejected)), m the mean of log p
       over the answer's tokens, odds = exp(m) / (1 - exp(m)) (Hong et al. 2024, arXiv:2403.07691,
       equations 3 to 7). Its authors' code, and TRL's, imitate the prompt's tokens as well and
       average over the tokens of a batch; here it is the answer's tokens, each pair's mean, as the
       equations have it.
Rows:  Preference. Each gives two sequences, chosen and rejected.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from tuneful.data.rows import Preference
from tuneful.methods.base import (
    DataFacts,
    Encoded,
    Head,
    Loss,
    Measured,
    Needs,
    TokenScores,
    count_pairs,
    encode_pairs,
)
from tuneful.models.losses import bradley_terry, log1mexp
from tuneful.models.pairs import Pairs
from tuneful.recipe.parts import PartConfig

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor

    from tuneful.models.tokenizer import Tokenizer


class ORPOConfig(PartConfig):
    """Settings of ORPO."""

    name: Literal["orpo"] = Field(
        default="orpo", description="Imitate the chosen answer and raise its odds."
    )
    beta: float = Field(
        default=0.1, gt=0, description="Weight of the odds ratio (lambda; 0.1: its paper's)."
    )


class ORPO:
    """Imitate the chosen answer and lower the rejected one's odds, in one go from a base model."""

    Config: ClassVar[type[ORPOConfig]] = ORPOConfig
    rows: ClassVar[type[Preference]] = Preference
    head: ClassVar[Head] = "tokens"
    measured: ClassVar[Measured] = "preferences"
    metrics: ClassVar[tuple[str, ...]] = ("pair_accuracy", "pair_margin", "win_rate")
    paper: ClassVar[str] = "Hong et al. 2024, arXiv:2403.07691"
    # Its paper used 8e-6 on 7 B; its imitating part allows what supervised fine-tuning does.
    learning_rates: ClassVar[Mapping[str, tuple[float, float, float]]] = {
        "full": (5e-7, 1e-5, 5e-4),
        "lora": (5e-6, 2e-4, 5e-3),
    }

    def __init__(self, config: ORPOConfig, facts: DataFacts) -> None:
        del facts
        self.config, self.needs, self.outputs = config, Needs(), ()

    def encode(
        self, rows: Sequence[Preference], tokenizer: Tokenizer, max_length: int
    ) -> list[list[Encoded]]:
        """Chosen and rejected of each row, each with its prompt.

        Raises:
            DataError: The template refuses a row, or rewrites its earlier turns.
        """
        return encode_pairs(rows, tokenizer, max_length)

    def units(self, sequences: Sequence[Encoded]) -> float:
        """Pairs."""
        return count_pairs(sequences)

    def loss(self, scores: TokenScores) -> Loss:
        """Summed loss of the pairs; how many prefer the chosen answer, and the log odds ratio."""
        mean_S = scores.means(scores.logp_N)
        pairs = Pairs.of(mean_S - log1mexp(mean_S), scores.has_learned())
        loss_P = self.config.beta * bradley_terry(pairs.apart_P) - mean_S[0::2]
        return Loss(pairs.total(loss_P), pairs.sums(pairs.apart_P))

    def known_gradient(self, weight_N: Tensor) -> Tensor | None:
        """None: the gradient depends on the odds."""
        del weight_N
