"""SimPO: prefer the chosen answer by its mean log-probability a token; no reference model.

Loss:  -log sigmoid(beta (m(chosen) - m(rejected)) - gamma), m the mean of log p over the answer's
       tokens (Meng et al. 2024, arXiv:2405.14734, equation 6).
Rows:  Preference. Each gives two sequences, chosen and rejected.
Limit: nothing holds the model near where it was; few steps and a small learning rate do.
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
from tuneful.models.losses import bradley_terry
from tuneful.models.pairs import Pairs
from tuneful.recipe.parts import PartConfig

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor

    from tuneful.models.tokenizer import Tokenizer


class SimPOConfig(PartConfig):
    """Settings of SimPO."""

    name: Literal["simpo"] = Field(
        default="simpo", description="Prefer the chosen of two answers, by means and no reference."
    )
    beta: float = Field(
        default=2.0, gt=0, description="Scale of the margin (2 to 10: its paper, table 7)."
    )
    gamma: float = Field(
        default=1.0,
        ge=0,
        description="The margin aimed at; about half of beta is a good start (its paper, section "
        "4.2).",
    )


class SimPO:
    """Learn from pairs of answers by their mean log-probability; no reference, so a pass less."""

    Config: ClassVar[type[SimPOConfig]] = SimPOConfig
    rows: ClassVar[type[Preference]] = Preference
    head: ClassVar[Head] = "tokens"
    measured: ClassVar[Measured] = "preferences"
    metrics: ClassVar[tuple[str, ...]] = ("pair_accuracy", "pair_margin", "win_rate")
    paper: ClassVar[str] = "Meng et al. 2024, arXiv:2405.14734"
    # Full: its paper searched 3e-7 to 1e-6 on 7 B; small models take more. LoRA: ten times as much.
    learning_rates: ClassVar[Mapping[str, tuple[float, float, float]]] = {
        "full": (1e-7, 2e-6, 5e-5),
        "lora": (1e-6, 2e-5, 5e-4),
    }

    def __init__(self, config: SimPOConfig, facts: DataFacts) -> None:
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
        """Summed loss of the pairs; how many prefer the chosen answer, and by what margin."""
        pairs = Pairs.of(scores.means(scores.logp_N), scores.has_learned())
        margin_P = self.config.beta * pairs.apart_P
        return Loss(
            pairs.total(bradley_terry(margin_P, least=self.config.gamma)), pairs.sums(margin_P)
        )

    def known_gradient(self, weight_N: Tensor) -> Tensor | None:
        """None: the gradient depends on the margin."""
        del weight_N
