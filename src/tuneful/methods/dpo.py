"""Direct preference optimization: prefer the chosen answer more than the untrained model does.

Loss:  with d = log p(chosen)/p_ref(chosen) - log p(rejected)/p_ref(rejected), beta d the margin:
       sigmoid: -log sigmoid(beta d) (Rafailov et al. 2023, equation 7); with label_smoothing e
       (1 - e) of that and e of its mirror image (conservative DPO, Mitchell 2023).
       robust: the same, unbiased under flipped labels: ((1 - e) l(d) - e l(-d)) / (1 - 2 e)
       (Chowdhury et al. 2024, arXiv:2403.00409, equation 12).
       hinge: max(0, 1 - beta d) (Zhao et al. 2023, arXiv:2305.10425).
       ipo: (d' - 1 / (2 beta))^2, where d' has means over the answers' tokens for sums (Azar et al.
       2023, arXiv:2310.12036, equation 17; the mean is its authors' practice).
       sft_weight adds -log p(chosen) a token, each pair's mean (Pang et al. 2024,
       arXiv:2404.19733, equation 1).
Rows:  Preference. Each gives two sequences, chosen and rejected.
Cost:  a forward pass more than the pairs' own, for the reference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal, Self

from pydantic import Field, model_validator

from tuneful.data.rows import Preference
from tuneful.methods.base import (
    REFERENCE,
    DataFacts,
    Encoded,
    Head,
    HowReference,
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


class DPOConfig(PartConfig):
    """Settings of direct preference optimization."""

    name: Literal["dpo"] = Field(default="dpo", description="Prefer the chosen of two answers.")
    loss: Literal["sigmoid", "hinge", "ipo", "robust"] = Field(
        default="sigmoid", description="How a pair's margin becomes its loss."
    )
    beta: float = Field(
        default=0.1,
        gt=0,
        description="How closely to stay with the untrained model: larger is closer (0.1: its "
        "paper's). For ipo 1 / (2 beta) is the margin aimed at, in nats a token.",
    )
    label_smoothing: float = Field(
        default=0.0,
        ge=0,
        lt=0.5,
        description="Share of pairs that are taken to be the wrong way round (sigmoid, robust).",
    )
    sft_weight: float = Field(
        default=0.0,
        ge=0,
        description="Weight of imitating the chosen answer as well, mean of -log p a token; 1 is "
        "Pang et al.'s. It keeps the chosen answer's probability from falling with the other's.",
    )
    reference: HowReference = Field(default="auto", description=REFERENCE)

    @model_validator(mode="after")
    def _smooths_what_can_be_smoothed(self) -> Self:
        if self.label_smoothing and self.loss in {"hinge", "ipo"}:
            raise ValueError(
                f"label_smoothing is for sigmoid and robust; loss {self.loss} has none"
            )
        return self


class DPO:
    """Learn from pairs of answers, measured from the untrained model; nothing is sampled."""

    Config: ClassVar[type[DPOConfig]] = DPOConfig
    rows: ClassVar[type[Preference]] = Preference
    head: ClassVar[Head] = "tokens"
    measured: ClassVar[Measured] = "preferences"
    metrics: ClassVar[tuple[str, ...]] = ("pair_accuracy", "pair_margin", "win_rate")
    paper: ClassVar[str] = "Rafailov et al. 2023, arXiv:2305.18290"
    # Full: Rafailov et al. used 1e-6, TRL's default; small models take more. LoRA: about ten times
    # as much, and small models more again.
    learning_rates: ClassVar[Mapping[str, tuple[float, float, float]]] = {
        "full": (1e-7, 2e-6, 5e-5),
        "lora": (1e-6, 5e-5, 1e-3),
    }

    def __init__(self, config: DPOConfig, facts: DataFacts) -> None:
        del facts
        self.config, self.outputs = config, ()
        self.needs = Needs(reference=config.reference)

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
        assert scores.reference_N is not None, "the engine gives the reference that is needed"
        gain_N = scores.logp_N - scores.reference_N
        gain_S = scores.means(gain_N) if self.config.loss == "ipo" else scores.sums(gain_N)
        pairs = Pairs.of(gain_S, scores.has_learned())
        margin_P = self.config.beta * pairs.apart_P
        loss_P = self._of_margin(margin_P)
        if self.config.sft_weight:
            loss_P = loss_P - self.config.sft_weight * scores.means(scores.logp_N)[0::2]
        return Loss(pairs.total(loss_P), pairs.sums(margin_P))

    def _of_margin(self, margin_P: Tensor) -> Tensor:
        config = self.config
        if config.loss == "hinge":
            return (1 - margin_P).relu()
        if config.loss == "ipo":
            return (margin_P / config.beta - 1 / (2 * config.beta)).square()
        share = config.label_smoothing
        if config.loss == "sigmoid":
            return bradley_terry(margin_P, flipped=share)
        straight_P, mirrored_P = bradley_terry(margin_P), bradley_terry(-margin_P)
        return ((1 - share) * straight_P - share * mirrored_P) / (1 - 2 * share)

    def known_gradient(self, weight_N: Tensor) -> Tensor | None:
        """None: the gradient depends on the margin."""
        del weight_N
