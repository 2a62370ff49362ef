"""REINFORCE leave-one-out: each answer's baseline is the mean of the others to the same prompt.

Reward:     r_i = graded_i - beta sum_t log(p/q) of the answer; q is the reference.
Advantage:  A_i = r_i - mean of r_j, j != i (Ahmadian et al. 2024, arXiv:2402.14740, equation 6).
Loss:       -min(P/P_old A, clip(P/P_old, 1 - low, 1 + high) A) of each answer, P its probability
            as a whole.
Rows:       Prompt.
"""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from tuneful.data.rows import Prompt
from tuneful.grading.rollouts import RolloutConfig, Sampled, Weighed
from tuneful.methods.base import (
    DataFacts,
    Encoded,
    Head,
    Loss,
    Measured,
    Needs,
    TokenScores,
)
from tuneful.models.encoded import encode_prompts, num_learned

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor

    from tuneful.models.tokenizer import Tokenizer


class RLOOConfig(RolloutConfig):
    """Settings of leave-one-out REINFORCE."""

    name: Literal["rloo"] = Field(default="rloo", description="Beat the mean of the others.")
    beta: float = Field(
        default=0.05,
        ge=0,
        description="Price, in reward, of a nat from the untrained model (0.05: TRL).",
    )
    clip_low: float = Field(default=0.2, gt=0, description="Ratios below 1 - this pull no more.")
    clip_high: float = Field(default=0.2, gt=0, description="Ratios above 1 + this pull no more.")


class RLOO:
    """Make answers likelier that are better than the mean of the others to the same prompt."""

    Config: ClassVar[type[RLOOConfig]] = RLOOConfig
    rows: ClassVar[type[Prompt]] = Prompt
    head: ClassVar[Head] = "tokens"
    measured: ClassVar[Measured] = "graded"
    paper: ClassVar[str] = "Ahmadian et al. 2024, arXiv:2402.14740, section 3"
    metrics: ClassVar[tuple[str, ...]] = ("reward",)
    # As for GRPO, whose gradient has the same size.
    learning_rates: ClassVar[Mapping[str, tuple[float, float, float]]] = {
        "full": (1e-7, 2e-6, 1e-4),
        "lora": (1e-6, 1e-4, 2e-3),
    }

    def __init__(self, config: RLOOConfig, facts: DataFacts) -> None:
        del facts
        self.config, self.outputs = config, ()
        is_measured = config.beta > 0 or config.updates_per_rollout > 1
        self.needs = Needs(
            reference="auto" if config.beta else None, rollouts=config, old_logp=is_measured
        )

    def encode(
        self, rows: Sequence[Prompt], tokenizer: Tokenizer, max_length: int
    ) -> list[list[Encoded]]:
        """The prompt of each row, to be answered."""
        return encode_prompts(rows, tokenizer, max_length - self.config.max_new_tokens)

    def weigh(self, groups: Sequence[Sequence[Sampled]], kept: Mapping[str, float]) -> Weighed:
        """How far each answer is above the mean of the others; ungraded ones are left out."""
        del kept
        facts: list[list[Mapping[str, Sequence[float]]]] = []
        ways: list[float] = []
        for group in groups:
            rewards: list[float | None] = []
            for s in group:
                way = sum(p - q for p, q in zip(s.logp, s.reference, strict=False))
                ways.append(way)
                rewards.append(None if s.reward is None else s.reward - self.config.beta * way)
            facts.append(
                [
                    {
                        "advantage": [_above_others(rewards, at)] * s.num_tokens,
                        **({"old_logp": s.logp} if s.logp else {}),
                    }
                    for at, s in enumerate(group)
                ]
            )
        return Weighed(facts, metrics={"kl": statistics.fmean(ways)} if self.config.beta else {})

    def units(self, sequences: Sequence[Encoded]) -> float:
        """Answers."""
        return sum(s.weight for s in sequences if num_learned(s))

    def loss(self, scores: TokenScores) -> Loss:
        """Sum over answers; also how many were clipped."""
        config, logp_N = self.config, scores.logp_N
        ratio_S = scores.sums(logp_N - scores.facts.get("old_logp", logp_N.detach())).exp()
        advantage_S = scores.means(scores.facts["advantage"])
        clipped_S = ratio_S.clamp(1 - config.clip_low, 1 + config.clip_high)
        loss_S = -(ratio_S * advantage_S).minimum(clipped_S * advantage_S)
        clipped = (clipped_S * advantage_S < ratio_S * advantage_S).float().sum()
        return Loss(loss_S.sum(), {"clipped": clipped})

    def known_gradient(self, weight_N: Tensor) -> Tensor | None:
        """It depends on the advantage and the ratio."""
        del weight_N


def _above_others(rewards: Sequence[float | None], at: int) -> float:
    """A reward less the mean of the other known ones; 0 where there are none."""
    own = rewards[at]
    others = [r for number, r in enumerate(rewards) if number != at and r is not None]
    return own - statistics.fmean(others) if own is not None and others else 0.0
