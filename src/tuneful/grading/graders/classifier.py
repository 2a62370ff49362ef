"""A tuned classifier: how probable it finds one class of the answer.

Score: its calibrated probability of the class, 0 to 1. The prompt is not read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from tuneful.core.errors import RecipeError
from tuneful.grading.graders.base import GraderConfig

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tuneful.core.store import Store
    from tuneful.grading.graders.base import Answer
    from tuneful.models import classifier


class ClassifierConfig(GraderConfig):
    """Settings of a classifier as a grader."""

    name: Literal["classifier"] = Field(
        default="classifier", description="Ask a tuned classifier of texts."
    )
    model: str = Field(description="A folder, or run:name: what method: classify trained.")
    wanted: str = Field(description="The class whose probability is the score.")


class Classifier:
    """How probable a classifier finds the wanted class of the answer."""

    Config: ClassVar[type[ClassifierConfig]] = ClassifierConfig

    def __init__(self, config: ClassifierConfig, store: Store) -> None:
        self.config, self.store = config, store
        self._model: classifier.Classifier | None = None

    def grade_all(self, answers: Sequence[Answer]) -> list[float]:
        """The probability of the wanted class, for each answer's text alone.

        Raises:
            ModelError: The model is not to be found.
            RecipeError: It is no classifier, or does not know the class.
        """
        if self._model is None:
            self._model = self._load()
        said = self._model.classify([answer.text for answer in answers])
        return [one["probabilities"][self.config.wanted] for one in said]

    def _load(self) -> classifier.Classifier:
        from tuneful.models.classifier import Classifier as Loaded
        from tuneful.models.predict import load_predictor

        found = load_predictor(self.config.model, self.store)
        labels = found.labels if isinstance(found, Loaded) else ()
        if not isinstance(found, Loaded) or self.config.wanted not in labels:
            raise RecipeError(
                f"{self.config.model} has no class {self.config.wanted!r}.",
                where="method.rewards",
                fix=f"Choose of its classes: {', '.join(labels)}."
                if labels
                else "Name a run or a folder that was trained with method: classify.",
            )
        return found
