"""What a model says of rows, as numbers between 0 and 1 that gaps are measured in.

Shapes: N rows, C scores of a row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tuneful.evaluating.measures.answers import AnswerSample
from tuneful.evaluating.measures.classes import ClassSample
from tuneful.evaluating.measures.labels import LabelSample
from tuneful.evaluating.measures.ratings import RatingSample
from tuneful.grading.graders.base import Answer
from tuneful.grading.panel import Panel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tuneful.auditing.audits.base import Subject
    from tuneful.evaluating.metrics.base import Array


@dataclass(frozen=True)
class Scores:
    """Scores of rows.

    Attributes:
        names: Of the scores: classes, "rating", "graders".
        score_NC: From 0 to 1; nan where a grader gave none.
        decided: What came of each row: a class, classes, a level, an answer.
        num_failed: Answers that no grader scored.
    """

    names: tuple[str, ...]
    score_NC: Array
    decided: Sequence[Any]
    num_failed: int = 0


def scores_of(subject: Subject, sample: Any) -> Scores:
    """A sample's scores: of two classes the second one's, ratings as a share of their range."""
    import numpy as np

    labels = subject.model.labels
    if isinstance(sample, ClassSample):
        first = 1 if len(labels) == 2 else 0
        chosen = sample.chosen_N.tolist()
        return Scores(labels[first:], sample.probability_NC[:, first:], chosen)
    if isinstance(sample, LabelSample):
        return Scores(labels, sample.chose_NC, [tuple(one) for one in sample.chose_NC.tolist()])
    if isinstance(sample, RatingSample):
        low, high = subject.rating_range
        shares_N = np.clip((sample.rating_N - low) / max(high - low, 1e-9), 0, 1)
        return Scores(("rating",), shares_N[:, None], sample.level_N.tolist())
    if isinstance(sample, AnswerSample):
        return _graded(subject, sample)
    raise AssertionError(sample)


def _graded(subject: Subject, sample: AnswerSample) -> Scores:
    import numpy as np

    answers = sample.answers
    configs: Any = subject.settings.graders
    if not configs:
        return Scores((), np.zeros((len(answers), 0)), answers)
    panel = Panel(configs, subject.store, "audit.graders")
    try:
        pairs = zip(answers, sample.references, strict=True)
        found = panel.grade([Answer(text, reference) for text, reference in pairs])
    finally:
        panel.close()
    rewards = [np.nan if one.reward is None else one.reward for one in found]
    num_failed = sum(one.reward is None for one in found)
    return Scores(("graders",), np.array(rewards)[:, None], answers, num_failed)
