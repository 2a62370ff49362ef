"""Scores of answers beside people's preferences. The base has a fresh head from the seed.

Shapes: N rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

from tuneful.data.message import Message
from tuneful.evaluating.measures.base import Plain, Told
from tuneful.models.rewards import RewardModel, ranked

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from tuneful.data.rows import Preference, Ranked
    from tuneful.models.classifier import Classifier


@dataclass(frozen=True)
class RewardSample:
    """How far apart a model puts answers of which people like one better.

    Attributes:
        apart: For each row, and each two answers that are not tied, the better one's score minus
            the worse one's.
    """

    apart: Sequence[NDArray[np.float64]]

    @property
    def margins(self) -> Sequence[NDArray[np.float64]]:
        """The same: scores are in nats."""
        return self.apart


class Rewards(Plain):
    """The score of every answer of a pair or a ranking."""

    def ask(
        self, predictor: Classifier, rows: Sequence[Preference | Ranked], told: Told
    ) -> list[Any]:
        """The scores of each row's answers, the best first."""
        answers = [ranked(row) for row in rows]
        talks = [
            (row.prompt, answer)
            for row, known in zip(rows, answers, strict=True)
            for _, answer in known
        ]
        scores = iter(RewardModel(predictor).scores(talks, told("answers")).tolist())
        return [[next(scores) for _ in known] for known in answers]

    def sample(self, said: Sequence[Any], rows: Sequence[Preference | Ranked]) -> RewardSample:
        """Differences of scores, in the order that people put the answers in."""
        import numpy as np

        apart: list[NDArray[np.float64]] = []
        for row, scores in zip(rows, said, strict=True):
            ranks = [rank for rank, _ in ranked(row)]
            pairs = combinations(range(len(ranks)), 2)
            found = [scores[i] - scores[j] for i, j in pairs if ranks[i] < ranks[j]]
            apart.append(np.array(found, dtype=np.float64))
        return RewardSample(apart)

    def columns(self) -> tuple[str, ...]:
        """What was asked, and an answer."""
        return ("prompt", "answer")

    def say(
        self, predictor: Classifier, inputs: Sequence[Mapping[str, Any]]
    ) -> list[dict[str, Any]]:
        """The score of each answer; only differences for the same prompt mean something."""
        talks = [
            (
                (Message("user", str(given["prompt"])),),
                (Message("assistant", str(given["answer"])),),
            )
            for given in inputs
        ]
        scores = RewardModel(predictor).scores(talks).tolist()
        return [{"score": round(float(score), 6)} for score in scores]
