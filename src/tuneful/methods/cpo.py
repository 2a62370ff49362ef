"""CPO: prefer the chosen answer by its log-probability, and imitate it; no reference model.

Loss:  -log sigmoid(beta (log p(chosen) - log p(rejected))) + alpha * -log p(chosen) a token (Xu et
       al. 2024, arXiv:2401.08417, equation 5; the second part is each pair's mean over the tokens).
Rows:  Preference. Each gives two sequences, chosen and rejected.
Limit: sums over tokens favour short answers where lengths differ; see simpo.
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


class CPOConfig(PartConfig):
    """Settings of CPO."""

    name: Literal["cpo"] = Field(
        default="cpo", description="Prefer the chosen of two answers, and imitate it."
    )
    beta: float = Field(default=0.1, gt=0, description="Scale of the margin (0.1: its paper's).")
    alpha: float = Field(
        default=1.0, ge=0, description="Weight of imitating the chosen answer (1: its paper's)."
    )
    label_smoothing: float = Field(
        default=0.0,
        ge=0,
        lt=0.5,
        description="Share of the pairs that are taken to be the wrong way round.",
    )


class CPO:
    """Learn from pairs of answers and imitate the chosen one; no reference, so a pass less."""

    Config: ClassVar[type[CPOConfig]] = CPOConfig
    rows: ClassVar[type[Preference]] = Preference
    head: ClassVar[Head] = "tokens"
    measured: ClassVar[Measured] = "preferences"
    metrics: ClassVar[tuple[str, ...]] = ("pair_accuracy", "pair_margin", "win_rate")
    paper: ClassVar[str] = "Xu et al. 2024, arXiv:2401.08417"
    # Its imitating part allows what supervised fine-tuning does, or a little less.
    learning_rates: ClassVar[Mapping[str, tuple[float, float, float]]] = {
        "full": (1e-7, 5e-6, 1e-4),
        "lora": (1e-6, 1e-4, 2e-3),
    }

    def __init__(self, config: CPOConfig, facts: DataFacts) -> None:
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
        """Summed loss of the pairs; how many prefer the chosen answer, and the margin, nats."""
        pairs = Pairs.of(scores.sums(scores.logp_N), scores.has_learned())
        margin_P = self.config.beta * pairs.apart_P
        loss_P = bradley_terry(margin_P, flipped=self.config.label_smoothing)
        imitation_P = -scores.means(scores.logp_N)[0::2]
        return Loss(pairs.total(loss_P + self.config.alpha * imitation_P), pairs.sums(margin_P))

    def known_gradient(self, weight_N: Tensor) -> Tensor | None:
        """None: the gradient depends on the margin."""
        del weight_N
