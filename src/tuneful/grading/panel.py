"""Several graders as one reward: a weighted sum, and a reason wherever there is none."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tuneful.core.errors import RecipeError
from tuneful.grading.graders import GRADERS
from tuneful.grading.graders.base import Failed
from tuneful.grading.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tuneful.core.store import Store
    from tuneful.grading.graders.base import Answer, GraderConfig, Jury


@dataclass(frozen=True)
class Graded:
    """What the graders think of an answer.

    Attributes:
        scores: By the grader's title.
        failed: By title, why a grader gave no score.
        reward: The weighted sum; None where a grader gave no score.
    """

    scores: Mapping[str, float]
    failed: Mapping[str, Failed] = field(default_factory=dict[str, Failed])
    reward: float | None = None


class Panel:
    """Grades answers with all graders that a recipe names.

    Args:
        configs: Of the graders.
        store: Where models that grade stand.
        where: The recipe's key that lists them.

    Raises:
        RecipeError: Two graders bear one title.
    """

    def __init__(
        self, configs: Sequence[GraderConfig], store: Store, where: str = "method.rewards"
    ) -> None:
        self.configs = tuple(configs)
        twice = [t for t, n in Counter(c.title for c in configs).items() if n > 1]
        if twice:
            raise RecipeError(
                f"Two graders are called {twice[0]!r}.",
                where=where,
                fix="Give each a label of its own.",
            )
        self._juries: dict[str, Jury] = {}
        alone: list[GraderConfig] = []
        for config in configs:
            kind: Any = GRADERS[config.name]
            if hasattr(kind, "grade_all"):
                self._juries[config.title] = kind(config, store)
            else:
                alone.append(config)
        self._worker = Worker(alone)

    @property
    def titles(self) -> list[str]:
        """What the graders are called, in the recipe's order."""
        return [config.title for config in self.configs]

    def grade(self, answers: Sequence[Answer]) -> list[Graded]:
        """Every grader's score of every answer.

        Raises:
            RecipeError: A grader cannot be made.
        """
        columns = {config.title: self._column(config, answers) for config in self.configs}
        return [
            self._sum({title: column[at] for title, column in columns.items()})
            for at in range(len(answers))
        ]

    def close(self) -> None:
        """End the graders' process."""
        self._worker.close()

    def _column(self, config: GraderConfig, answers: Sequence[Answer]) -> list[float | Failed]:
        jury = self._juries.get(config.title)
        if jury is not None:
            found = jury.grade_all(answers)
        else:
            number = self._worker.configs.index(config)
            found = [self._worker.grade(number, answer) for answer in answers]
        return [_finite(score) for score in found]

    def _sum(self, found: Mapping[str, float | Failed]) -> Graded:
        scores = {t: score for t, score in found.items() if not isinstance(score, Failed)}
        failed = {t: score for t, score in found.items() if isinstance(score, Failed)}
        total = sum(c.weight * scores[c.title] for c in self.configs if c.title in scores)
        return Graded(scores, failed, None if failed else total)


def _finite(score: float | Failed) -> float | Failed:
    if isinstance(score, Failed) or math.isfinite(score):
        return score
    return Failed("not-a-number", f"the score is {score}")
