"""Proximal policy optimization: a value head says what to expect, what beats it becomes likelier.

Reward:     of each token -beta log(p_old/q), q the reference; the graded reward at the last one
            (Ziegler et al. 2019, arXiv:1909.08593, equation 2; Ouyang et al. 2022).
Advantage:  A_t = sum_k (gamma lambda)^k d_(t+k), d_t = r_t + gamma V_(t+1) - V_t (GAE, Schulman et
            al. 2015, arXiv:1506.02438, equation 16), then whitened over the step's tokens; the
            value's target is A_t + V_t before whitening.
Loss:       -min(p/p_old A, clip(p/p_old, 1 - clip, 1 + clip) A) (Schulman et al. 2017,
            arXiv:1707.06347, equation 7) + value_weight/2 max((V - R)^2, (V_clipped - R)^2), mean
            over the step's tokens.
Control:    adaptive: beta grows while the way from the reference exceeds its target (Ziegler,
            section 2.2).
Rows:       Prompt.
Cost:       The value head reads the last hidden state and is kept in the run, not in the model.
"""

from __future__ import annotations

import math
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


class PPOConfig(RolloutConfig):
    """Settings of proximal policy optimization."""

    name: Literal["ppo"] = Field(default="ppo", description="Beat what a value head expects.")
    num_answers: int = Field(
        default=1, ge=1, description="Answers sampled to each prompt; the value head needs but one."
    )
    updates_per_rollout: int = Field(
        default=4, ge=1, description="Steps on the same answers (4: Ziegler et al.)."
    )
    beta: float = Field(
        default=0.05, ge=0, description="Price, in reward, of a nat from the untrained model."
    )
    control: Literal["fixed", "adaptive"] = Field(
        default="fixed", description="Whether beta follows the way from the untrained model."
    )
    kl_target: float = Field(
        default=6.0, gt=0, description="Nats an answer that an adaptive beta steers to (Ziegler)."
    )
    gamma: float = Field(default=1.0, gt=0, le=1, description="Discount a token (1: Ziegler).")
    gae_lambda: float = Field(
        default=0.95, ge=0, le=1, description="0 trusts the value head, 1 the reward (0.95: GAE)."
    )
    clip: float = Field(default=0.2, gt=0, description="Ratios beyond 1 +- this pull no more.")
    value_clip: float = Field(
        default=0.2, gt=0, description="Values beyond the old one +- this pull no more."
    )
    value_weight: float = Field(
        default=0.1, ge=0, description="Of the value's loss (0.1: Ziegler)."
    )
    whiten: bool = Field(
        default=True, description="Bring advantages to mean 0 and deviation 1 over the step."
    )


class PPO:
    """Make answers likelier that are better than a value head expected."""

    Config: ClassVar[type[PPOConfig]] = PPOConfig
    rows: ClassVar[type[Prompt]] = Prompt
    head: ClassVar[Head] = "tokens"
    measured: ClassVar[Measured] = "graded"
    paper: ClassVar[str] = "Schulman et al. 2017, arXiv:1707.06347; Ziegler et al. 2019"
    metrics: ClassVar[tuple[str, ...]] = ("reward",)
    # TRL's PPO had 3e-6 for whole models.
    learning_rates: ClassVar[Mapping[str, tuple[float, float, float]]] = {
        "full": (1e-7, 3e-6, 1e-4),
        "lora": (1e-6, 1e-4, 2e-3),
    }

    def __init__(self, config: PPOConfig, facts: DataFacts) -> None:
        del facts
        self.config, self.outputs = config, ()
        self.needs = Needs(
            reference="auto" if config.beta else None, rollouts=config, old_logp=True, value=True
        )

    def encode(
        self, rows: Sequence[Prompt], tokenizer: Tokenizer, max_length: int
    ) -> list[list[Encoded]]:
        """The prompt of each row, to be answered."""
        return encode_prompts(rows, tokenizer, max_length - self.config.max_new_tokens)

    def weigh(self, groups: Sequence[Sequence[Sampled]], kept: Mapping[str, float]) -> Weighed:
        """Advantages and the value's targets; ungraded answers get none and are left out."""
        config = self.config
        beta = kept.get("beta", config.beta)
        known = [s for group in groups for s in group if s.reward is not None]
        found = {id(s): advantages(s, beta, config.gamma, config.gae_lambda) for s in known}
        every = [a for s in known for a in found[id(s)]]
        mean, deviation = _spread(every) if config.whiten else (0.0, 1.0)
        ways = [sum(p - q for p, q in zip(s.logp, s.reference, strict=False)) for s in known]
        way = sum(ways) / max(len(ways), 1)
        facts: list[list[Mapping[str, Sequence[float]]]] = []
        for group in groups:
            row: list[Mapping[str, Sequence[float]]] = []
            for s in group:
                raw = found.get(id(s), [0.0] * s.num_tokens)
                row.append(
                    {
                        "advantage": [(a - mean) / deviation for a in raw],
                        "return": [a + v for a, v in zip(raw, s.value, strict=True)],
                        "old_logp": s.logp,
                        "old_value": s.value,
                    }
                )
            facts.append(row)
        after = beta * _growth(way, config.kl_target) if config.control == "adaptive" else beta
        return Weighed(facts, {"beta": after}, {"kl": way, "beta": beta} if config.beta else {})

    def units(self, sequences: Sequence[Encoded]) -> float:
        """Tokens of the answers."""
        return sum(num_learned(s) for s in sequences)

    def loss(self, scores: TokenScores) -> Loss:
        """Sum over tokens; also the value's part and how many ratios were clipped."""
        config, facts, value_N = self.config, scores.facts, scores.value_N
        assert value_N is not None, "PPO needs a value head"
        ratio_N = (scores.logp_N - facts["old_logp"]).exp()
        clipped_N = ratio_N.clamp(1 - config.clip, 1 + config.clip)
        policy_N = -(ratio_N * facts["advantage"]).minimum(clipped_N * facts["advantage"])
        near_N = facts["old_value"] + (value_N - facts["old_value"]).clamp(
            -config.value_clip, config.value_clip
        )
        target_N = facts["return"]
        error_N = (value_N - target_N).square().maximum((near_N - target_N).square()) / 2
        is_clipped_N = clipped_N * facts["advantage"] < ratio_N * facts["advantage"]
        total = scores.sums(policy_N + config.value_weight * error_N).sum()
        sums = {"value_loss": error_N.detach(), "clipped": is_clipped_N.to(target_N.dtype)}
        return Loss(total, {name: scores.sums(value).sum() for name, value in sums.items()})

    def known_gradient(self, weight_N: Tensor) -> Tensor | None:
        """It depends on the advantage and the ratio."""
        del weight_N


def advantages(answer: Sampled, beta: float, gamma: float, gae_lambda: float) -> list[float]:
    """Generalized advantage estimates of a graded answer's tokens, before whitening."""
    assert answer.reward is not None
    rewards = [0.0] * answer.num_tokens
    if answer.reference:
        rewards = [-beta * (p - q) for p, q in zip(answer.logp, answer.reference, strict=True)]
    rewards[-1] += answer.reward
    found, after, advantage = [0.0] * answer.num_tokens, 0.0, 0.0
    for at in reversed(range(answer.num_tokens)):
        error = rewards[at] + gamma * after - answer.value[at]
        advantage = error + gamma * gae_lambda * advantage
        found[at], after = advantage, answer.value[at]
    return found


def _spread(values: Sequence[float]) -> tuple[float, float]:
    """Mean and standard deviation; the latter never quite 0."""
    mean = sum(values) / max(len(values), 1)
    variance = sum((value - mean) ** 2 for value in values) / max(len(values), 1)
    return mean, math.sqrt(variance + 1e-8)


def _growth(way: float, target: float) -> float:
    """Factor of beta after a round: at most 2 % either way (Ziegler et al., K = 0.1)."""
    return 1 + 0.1 * min(max(way / target - 1, -0.2), 0.2)
