"""Distillation: a student learns a teacher's whole distribution at every learned token.

On-policy (GKD) a share of the rows is answered by the student itself, as it is at that step, and
the teacher says what it would have said at every token of these answers (Agarwal et al. 2024,
algorithm 1, with the draw for each row rather than each step; no gradient through the sampling).

Loss:  mean over the learned tokens of (1 - alpha) T^2 D(teacher, student) + alpha (-log p(token)),
       D at temperature T: Hinton et al. 2015, section 2 (forward KL); Gu et al. 2024 (MiniLLM,
       arXiv:2306.08543; reverse KL); Agarwal et al. 2024 (GKD, arXiv:2306.13649, equation 1;
       Jensen-Shannon).
Rows:  Chat. Each gives one sequence.
Cost:  a teacher in memory and its forward pass; with `top_k` one pass over the rows beforehand;
       on-policy the sampling of answers.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from tuneful.data.rows import Chat
from tuneful.methods.base import (
    DataFacts,
    Encoded,
    Head,
    Loss,
    Measured,
    Needs,
    OwnAnswers,
    TokenScores,
    encode_chats,
)
from tuneful.recipe.parts import PartConfig

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from torch import Tensor

    from tuneful.models.tokenizer import Tokenizer


class DistillConfig(PartConfig):
    """Settings of distillation."""

    name: Literal["distill"] = Field(default="distill", description="Imitate a teacher's words.")
    teacher: str = Field(
        description="The model to imitate, as in `model`, with the student's vocabulary."
    )
    divergence: Literal["forward", "reverse", "jensen_shannon"] = Field(
        default="forward",
        description="forward: KL(teacher, student), which covers all that the teacher may say; "
        "reverse: KL(student, teacher), which leaves out what it would not; jensen_shannon: "
        "between both.",
    )
    beta: float = Field(
        default=0.5,
        gt=0,
        lt=1,
        description="Of jensen_shannon: near 0 as forward, near 1 as reverse (each scaled by it).",
    )
    temperature: float = Field(
        default=1.0, gt=0, description="What both models' logits are divided by."
    )
    alpha: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="Weight of the rows' own tokens; the teacher has the rest.",
    )
    top_k: int | None = Field(
        default=None,
        ge=1,
        description="Compare at the teacher's likeliest tokens and all others as one: read once "
        "before training and kept on disk. Empty: the whole vocabulary, the teacher in memory.",
    )
    learn: Literal["all", "last"] = Field(
        default="all", description="Assistant's turns that are learned: all, or the last alone."
    )
    on_policy: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="Share of the rows whose last answer the student writes itself (GKD's lambda); "
        "0.5 with jensen_shannon is a good start.",
    )
    max_new_tokens: int = Field(
        default=64, ge=1, description="Longest answer of the student in tokens."
    )
    sampling_temperature: float = Field(
        default=1.0,
        gt=0,
        description="What the student's scores are divided by when it answers (1: GKD's).",
    )

    @model_validator(mode="after")
    def _knows_what_to_say_to_own_answers(self) -> Self:
        if self.on_policy and self.top_k:
            raise ValueError(
                "on_policy needs the teacher in memory: leave out top_k, which reads beforehand"
            )
        if self.on_policy and self.alpha:
            raise ValueError(
                "alpha is the weight of the rows' own tokens, which on_policy replaces: set it to 0"
            )
        return self


def divergence_of(name: str, beta: float) -> Callable[[Tensor, Tensor], Tensor]:
    """A function of log-probabilities [N, V] of student and teacher to nats [N]."""
    from tuneful.models.divergence import forward_kl, jensen_shannon, reverse_kl

    if name == "jensen_shannon":
        return partial(jensen_shannon, beta=beta)
    return forward_kl if name == "forward" else reverse_kl


class Distill:
    """Move the student's distribution toward the teacher's at every assistant token."""

    Config: ClassVar[type[DistillConfig]] = DistillConfig
    rows: ClassVar[type[Chat]] = Chat
    head: ClassVar[Head] = "tokens"
    measured: ClassVar[Measured] = "answers"
    paper: ClassVar[str] = "Hinton et al. 2015, arXiv:1503.02531; Agarwal et al. 2024, 2306.13649"
    metrics: ClassVar[tuple[str, ...]] = ("exact_match", "token_f1", "rouge_l", "perplexity")
    # A student with layers taken out starts far away: as high as fine-tuning's, and higher.
    learning_rates: ClassVar[Mapping[str, tuple[float, float, float]]] = {
        "full": (1e-6, 2e-4, 2e-3),
        "lora": (1e-5, 5e-4, 5e-3),
    }

    def __init__(self, config: DistillConfig, facts: DataFacts) -> None:
        del facts
        self.config, self.outputs = config, ()
        own = OwnAnswers(config.on_policy, config.max_new_tokens, config.sampling_temperature)
        self.needs = Needs(
            own_answers=own if config.on_policy else None,
            teacher=config.teacher,
            divergence=divergence_of(config.divergence, config.beta),
            temperature=config.temperature,
            teacher_top_k=config.top_k or 0,
        )

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
        """The divergence and -log p of the rows' tokens, in nats, by their weights."""
        assert scores.divergence_N is not None, "the engine compares with the teacher"
        config = self.config
        divergence = (scores.divergence_N * scores.weight_N).sum()
        nll = -(scores.logp_N * scores.weight_N).sum()
        total = (1 - config.alpha) * config.temperature**2 * divergence
        sums: dict[str, Any] = {"divergence": divergence.detach(), "nll": nll.detach()}
        return Loss(total + config.alpha * nll if config.alpha else total, sums)

    def known_gradient(self, weight_N: Tensor) -> Tensor | None:
        """Not known: the divergence's depends on the distributions."""
        del weight_N
