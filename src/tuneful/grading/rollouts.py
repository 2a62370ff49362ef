"""Answers a model gives while it is trained: how they are sampled, and what is known of each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from pydantic import Field

from tuneful.recipe.parts import GraderPart, PartConfig

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tuneful.grading.graders.base import GraderConfig


class RolloutConfig(PartConfig):
    """Settings of every method that learns from the model's own answers."""

    rewards: list[GraderPart] = Field(
        min_length=1,
        description="Graders whose weighted scores add up to an answer's reward: `tuneful list "
        "graders`.",
    )
    num_answers: int = Field(
        default=8, ge=1, description="Answers sampled to each prompt (8: Shao et al. used 64)."
    )
    max_new_tokens: int = Field(default=64, ge=1, description="Longest answer in tokens.")
    temperature: float = Field(
        default=1.0,
        gt=0,
        description="What scores are divided by when answers are sampled and when they are learned "
        "from; 1 samples from the model as it is.",
    )
    top_p: float = Field(
        default=1.0, gt=0, le=1, description="Sample from the likeliest tokens of this share."
    )
    updates_per_rollout: int = Field(
        default=1, ge=1, description="Optimizer steps on the same answers before new ones are made."
    )

    @property
    def graders(self) -> list[GraderConfig]:
        """The rewards by their own type."""
        return cast("list[GraderConfig]", self.rewards)


def updates_of(config: PartConfig) -> int:
    """Optimizer steps that see the same rows one after the other."""
    return config.updates_per_rollout if isinstance(config, RolloutConfig) else 1


@dataclass(frozen=True)
class Sampled:
    """An answer that the model gave, and what is known of its tokens.

    Attributes:
        num_tokens: Of the answer, the one that ends it included.
        reward: The graders' weighted sum; None where one of them gave no score.
        logp: log p of each token under the model that sampled it; empty where nobody asked.
        reference: log p of each token under the reference; empty where there is none.
        value: What the value head expected before each token; empty where there is none.
    """

    num_tokens: int
    reward: float | None
    logp: Sequence[float] = ()
    reference: Sequence[float] = ()
    value: Sequence[float] = ()


@dataclass(frozen=True)
class Weighed:
    """What a method made of a round's answers.

    Attributes:
        facts: Of each answer of each group: by name, a number for each of its tokens.
        kept: What the next round's weighing needs to know of this one.
        metrics: Worth showing.
    """

    facts: Sequence[Sequence[Mapping[str, Sequence[float]]]]
    kept: Mapping[str, float] = field(default_factory=dict[str, float])
    metrics: Mapping[str, float] = field(default_factory=dict[str, float])
