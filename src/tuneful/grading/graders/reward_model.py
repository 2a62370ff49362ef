"""A reward model: trained with method: reward on what people prefer.

Score: the model's, in nats; it may be negative, and only differences mean something.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from tuneful.data.message import Message
from tuneful.grading.graders.base import GraderConfig

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tuneful.core.store import Store
    from tuneful.grading.graders.base import Answer
    from tuneful.models import rewards


class RewardModelConfig(GraderConfig):
    """Settings of a reward model."""

    name: Literal["reward_model"] = Field(
        default="reward_model", description="Ask a trained reward model."
    )
    model: str = Field(description="A folder, or run:name: what method: reward trained.")
    shift: float = Field(default=0.0, description="Taken off each score.")
    scale: float = Field(default=1.0, gt=0, description="What scores are then divided by.")


class RewardModel:
    """What a trained reward model thinks of the answer."""

    Config: ClassVar[type[RewardModelConfig]] = RewardModelConfig

    def __init__(self, config: RewardModelConfig, store: Store) -> None:
        self.config, self.store = config, store
        self._model: rewards.RewardModel | None = None

    def grade_all(self, answers: Sequence[Answer]) -> list[float]:
        """Its score of each answer.

        Raises:
            ModelError: It is no reward model, or is not to be found.
        """
        from tuneful.models.rewards import load_reward_model

        if self._model is None:
            self._model = load_reward_model(self.config.model, self.store)
        talks = [(one.prompt, (Message("assistant", one.text),)) for one in answers]
        scores = self._model.scores(talks).tolist()
        return [(float(score) - self.config.shift) / self.config.scale for score in scores]
