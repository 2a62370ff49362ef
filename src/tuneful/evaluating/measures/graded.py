"""The model's own answers to prompts, as the graders it was trained with see them.

Shapes: N rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from tuneful.data.message import Message
from tuneful.evaluating.measures.base import Plain, Told
from tuneful.grading.graders.base import Answer
from tuneful.grading.panel import Panel
from tuneful.models.chat import Talk

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tuneful.data.rows import Prompt
    from tuneful.grading.rollouts import RolloutConfig
    from tuneful.models.predict import Chatter


@dataclass(frozen=True)
class GradedSample:
    """What graders think of answers.

    Attributes:
        answers: What was said.
        scores: Of each answer, by grader; a grader that failed is missing.
        rewards: Their weighted sums; None where a grader failed.
    """

    answers: tuple[str, ...]
    scores: Sequence[Mapping[str, float]]
    rewards: Sequence[float | None]


class Graded(Plain):
    """The likeliest answer to each prompt, and every grader's score of it."""

    @property
    def config(self) -> RolloutConfig:
        """The method's settings, which name the graders."""
        assert self.context.method is not None, "only trained models are graded"
        return cast("RolloutConfig", self.context.method.config)

    def depends_on(self) -> list[Any]:
        """The graders, and where an answer is cut off."""
        graders = [config.model_dump(mode="json") for config in self.config.graders]
        return [graders, self.context.max_new_tokens]

    def ask(self, predictor: Chatter, rows: Sequence[Prompt], told: Told) -> list[Any]:
        """[answer, scores, reward, reasons of missing scores] of each row."""
        talks = [Talk(row.prompt, row.tools) for row in rows]
        said = predictor.answers(talks, self.context.max_new_tokens, told("answers"))
        assert self.context.store is not None, "graders may be models of the store"
        panel = Panel(self.config.graders, self.context.store)
        try:
            graded = panel.grade(
                [
                    Answer(text, row.reference, row.prompt, row.tools)
                    for text, row in zip(said, rows, strict=True)
                ]
            )
        finally:
            panel.close()
        return [
            [text, dict(one.scores), one.reward, {t: f.reason for t, f in one.failed.items()}]
            for text, one in zip(said, graded, strict=True)
        ]

    def sample(self, said: Sequence[Any], rows: Sequence[Prompt]) -> GradedSample:
        """What was said, and its worth."""
        del rows
        answers, scores, rewards, _ = zip(*said, strict=True)
        return GradedSample(answers, scores, rewards)

    def metrics(self, sample: GradedSample) -> list[str]:
        """Each grader by itself."""
        del sample
        titles = [config.title for config in self.config.graders]
        return ["reward", *(f"reward:{title}" for title in titles)] if len(titles) > 1 else []

    def facts(self, sample: GradedSample) -> Mapping[str, Any]:
        """How many answers a grader gave no score."""
        return {"without_score": sum(reward is None for reward in sample.rewards)}

    def say(self, predictor: Chatter, inputs: Sequence[Any]) -> list[dict[str, Any]]:
        """The answer to each text as a user's turn."""
        talks = [Talk((Message("user", str(text)),)) for text in inputs]
        answers = predictor.answers(talks, self.context.max_new_tokens)
        return [{"answer": answer} for answer in answers]
