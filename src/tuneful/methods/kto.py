"""KTO: learn from single answers that people want or do not want, without pairs.

Loss:  with r = log p(answer) - log p_ref(answer) and z a point between wanted and unwanted,
       weight (1 - sigmoid(beta (r - z))) for wanted and weight (1 - sigmoid(beta (z - r))) for
       unwanted answers (Ethayarajh et al. 2024, arXiv:2402.01306, equation 8).
z:     max(0, mean of log p(y') - log p_ref(y')) over the rows of the whole optimizer step, without
       gradient, where y' is the answer of the row before it in the data, so the wrong one for the
       prompt (section 4.2). It is measured before the step's first pass, so passes do not change
       it; it is as noisy as the step has few rows (16 or more are sensible), and biased, as its
       authors say. A validation's z is that of each 64 rows.
Rows:  Judged. Each gives two sequences: the answer, and the wrong answer that z is measured on.
Cost:  two forward passes without gradient (y' tuned and untrained) and one for the reference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from tuneful.data.rows import Judged
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
)
from tuneful.recipe.parts import PartConfig

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor

    from tuneful.models.tokenizer import Tokenizer

KL = "kl"


class KTOConfig(PartConfig):
    """Settings of KTO."""

    name: Literal["kto"] = Field(
        default="kto", description="Learn from answers that are wanted or not, one at a time."
    )
    beta: float = Field(
        default=0.1,
        gt=0,
        description="How closely to stay with the untrained model: larger is closer (0.1: its "
        "paper's).",
    )
    desirable_weight: float = Field(
        default=1.0,
        gt=0,
        description="Weight of wanted answers. Where one kind is rarer, weigh it up: weight x "
        "number of wanted answers over that of unwanted ones should lie in 1 to 4/3 (its paper, "
        "equation 9).",
    )
    undesirable_weight: float = Field(
        default=1.0, gt=0, description="Weight of unwanted answers; see desirable_weight."
    )
    reference: HowReference = Field(default="auto", description=REFERENCE)


class KTO:
    """Learn from answers with a thumb up or down, measured from the untrained model."""

    Config: ClassVar[type[KTOConfig]] = KTOConfig
    rows: ClassVar[type[Judged]] = Judged
    head: ClassVar[Head] = "tokens"
    measured: ClassVar[Measured] = "judgements"
    metrics: ClassVar[tuple[str, ...]] = ("separation",)
    paper: ClassVar[str] = "Ethayarajh et al. 2024, arXiv:2402.01306"
    # Full: its paper's is 5e-7 on 7 B, TRL's 1e-6; small models take more. LoRA: ten times as much.
    learning_rates: ClassVar[Mapping[str, tuple[float, float, float]]] = {
        "full": (1e-7, 2e-6, 5e-5),
        "lora": (1e-6, 5e-5, 1e-3),
    }

    def __init__(self, config: KTOConfig, facts: DataFacts) -> None:
        del facts
        self.config, self.outputs = config, ()
        self.needs = Needs(reference=config.reference, step=step_kl)

    def encode(
        self, rows: Sequence[Judged], tokenizer: Tokenizer, max_length: int
    ) -> list[list[Encoded]]:
        """Each answer after its prompt, and aside the answer of the row before it.

        The first row's is the last row's. One row alone has no wrong answer: its second sequence
        has no learned token.

        Raises:
            DataError: The template refuses a row, or rewrites its earlier turns.
        """
        from tuneful.models.chat import encode_answers

        encoded: list[list[Encoded]] = []
        for number, row in enumerate(rows):
            wrong = rows[number - 1].answer
            (own,) = encode_answers(tokenizer, row.prompt, (row.answer,), max_length)
            (other,) = encode_answers(tokenizer, row.prompt, (wrong,), max_length)
            if len(rows) == 1:
                other.weights[:] = [0.0] * len(other.weights)
            sequence = Encoded(own.tokens, own.weights, int(row.is_good), num_cut=own.num_cut)
            encoded.append([sequence, Encoded(other.tokens, other.weights, is_aside=True)])
        return encoded

    def units(self, sequences: Sequence[Encoded]) -> float:
        """Rows with something to learn."""
        return sum(s.weight for s in sequences if any(s.weights) and not s.is_aside)

    def loss(self, scores: TokenScores) -> Loss:
        """Summed loss of the rows; how many stand on their side of z, and by how far (nats)."""
        assert scores.label_S is not None, "the engine gives every sequence's label"
        counts_S, is_good_S = scores.has_learned(), scores.label_S > 0
        side_S = is_good_S.float() * 2 - 1
        margin_S = (log_ratios(scores) - scores.step[KL]) * side_S * self.config.beta
        weight_S = is_good_S * self.config.desirable_weight
        weight_S = weight_S + ~is_good_S * self.config.undesirable_weight
        loss = (weight_S * (-margin_S).sigmoid() * counts_S).sum()
        known_S = margin_S.detach()
        sums = {
            "accuracy": ((known_S > 0) * counts_S).sum(),
            "margin": (known_S * counts_S).sum(),
            KL: counts_S.sum() * scores.step[KL],
        }
        return Loss(loss, sums)

    def known_gradient(self, weight_N: Tensor) -> Tensor | None:
        """None: the gradient depends on the margin."""
        del weight_N


def log_ratios(scores: TokenScores) -> Tensor:
    """Log p - log p_ref of each sequence's answer, nats: [S]."""
    assert scores.reference_N is not None, "the engine gives the reference that is needed"
    return scores.sums(scores.logp_N - scores.reference_N)


def step_kl(passes: Sequence[TokenScores]) -> Mapping[str, float]:
    """Z of a step: the mean log-ratio of its wrong answers, 0 where it is negative or unknown."""
    total = sum(float((log_ratios(part) * part.has_learned()).detach().sum()) for part in passes)
    count = sum(float(part.has_learned().sum()) for part in passes)
    return {KL: max(0.0, total / count) if count else 0.0}
