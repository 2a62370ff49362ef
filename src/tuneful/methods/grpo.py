"""Group relative policy optimization: answers better than their group's mean become likelier.

Advantage:  A_i = (r_i - mean r) / (std r + 1e-4) over the G answers to a prompt (Shao et al. 2024,
            arXiv:2402.03300, section 4.1.2); scale: none leaves out the division, which favours
            prompts that are nearly always right or wrong (Liu et al. 2025, arXiv:2503.20783).
Loss:       -min(p/p_old A, clip(p/p_old, 1 - low, 1 + high) A) + beta (q/p - log(q/p) - 1) of each
            token; q is the reference (equation 3; the penalty is Schulman's k3).
Mean:       average: sequence takes each answer's mean (the paper's), constant divides by the
            longest answer allowed (Dr. GRPO: no bias of length), token by the step's tokens (DAPO,
            Yu et al. 2025, arXiv:2503.14476).
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

SMALL = 1e-4
"""Added to the standard deviation, as TRL does."""


class GRPOConfig(RolloutConfig):
    """Settings of group relative policy optimization."""

    name: Literal["grpo"] = Field(default="grpo", description="Beat the group's mean.")
    beta: float = Field(
        default=0.0,
        ge=0,
        description="Weight of the way from the untrained model; 0 needs no reference (DAPO).",
    )
    clip_low: float = Field(default=0.2, gt=0, description="Ratios below 1 - this pull no more.")
    clip_high: float = Field(default=0.2, gt=0, description="Ratios above 1 + this pull no more.")
    average: Literal["sequence", "constant", "token"] = Field(
        default="token", description="What the loss of tokens is divided by."
    )
    scale: Literal["std", "none"] = Field(
        default="std", description="Whether advantages are divided by their group's deviation."
    )


class GRPO:
    """Make answers likelier that are better than the others to the same prompt."""

    Config: ClassVar[type[GRPOConfig]] = GRPOConfig
    rows: ClassVar[type[Prompt]] = Prompt
    head: ClassVar[Head] = "tokens"
    measured: ClassVar[Measured] = "graded"
    paper: ClassVar[str] = "Shao et al. 2024, arXiv:2402.03300, section 4.1"
    metrics: ClassVar[tuple[str, ...]] = ("reward",)
    # TRL's default is 1e-6 for whole models; LoRA takes about ten times as much and more.
    learning_rates: ClassVar[Mapping[str, tuple[float, float, float]]] = {
        "full": (1e-7, 2e-6, 1e-4),
        "lora": (1e-6, 1e-4, 2e-3),
    }

    def __init__(self, config: GRPOConfig, facts: DataFacts) -> None:
        del facts
        self.config, self.outputs = config, ()
        self.needs = Needs(
            reference="auto" if config.beta else None,
            rollouts=config,
            # At the first update the model in training is the one that sampled.
            old_logp=config.updates_per_rollout > 1,
        )

    def encode(
        self, rows: Sequence[Prompt], tokenizer: Tokenizer, max_length: int
    ) -> list[list[Encoded]]:
        """The prompt of each row, to be answered."""
        return encode_prompts(rows, tokenizer, max_length - self.config.max_new_tokens)

    def weigh(self, groups: Sequence[Sequence[Sampled]], kept: Mapping[str, float]) -> Weighed:
        """How far each answer is above its group's mean; ungraded ones are left out of it."""
        del kept
        facts: list[list[Mapping[str, Sequence[float]]]] = []
        for group in groups:
            rewards = [s.reward for s in group if s.reward is not None]
            mean = statistics.fmean(rewards) if rewards else 0.0
            deviation = statistics.stdev(rewards) if len(rewards) > 1 else 0.0
            factor = 1 / (deviation + SMALL) if self.config.scale == "std" else 1.0
            facts.append(
                [
                    {
                        "advantage": [((s.reward or 0.0) - mean) * factor] * s.num_tokens
                        if s.reward is not None
                        else [0.0] * s.num_tokens,
                        **({"old_logp": s.logp} if s.logp else {}),
                    }
                    for s in group
                ]
            )
        return Weighed(facts)

    def units(self, sequences: Sequence[Encoded]) -> float:
        """Answers, their tokens, or answers times the longest one allowed: see `average`."""
        if self.config.average == "token":
            return sum(num_learned(s) for s in sequences)
        answers = sum(s.weight for s in sequences if num_learned(s))
        return answers * (self.config.max_new_tokens if self.config.average == "constant" else 1)

    def loss(self, scores: TokenScores) -> Loss:
        """Sum over answers or tokens; also the share of clipped tokens and the penalty."""
        config, logp_N = self.config, scores.logp_N
        old_N = scores.facts.get("old_logp", logp_N.detach())
        advantage_N = scores.facts["advantage"]
        ratio_N = (logp_N - old_N).exp()
        clipped_N = ratio_N.clamp(1 - config.clip_low, 1 + config.clip_high)
        loss_N = -(ratio_N * advantage_N).minimum(clipped_N * advantage_N)
        is_clipped_N = clipped_N * advantage_N < ratio_N * advantage_N
        sums = {"clipped": is_clipped_N.to(logp_N.dtype)}
        if scores.reference_N is not None:
            apart_N = scores.reference_N - logp_N
            penalty_N = apart_N.exp() - apart_N - 1
            loss_N = loss_N + config.beta * penalty_N
            sums["kl"] = penalty_N.detach()
        total = scores.means if config.average == "sequence" else scores.sums
        shown = scores.sums if config.average == "token" else scores.means
        factor = config.max_new_tokens if config.average == "constant" else 1
        return Loss(
            total(loss_N).sum(),
            {name: shown(value).sum() * factor for name, value in sums.items()},
        )

    def known_gradient(self, weight_N: Tensor) -> Tensor | None:
        """It depends on the advantage and the ratio."""
        del weight_N
