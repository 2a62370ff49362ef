"""Samples of the kind that a metric needs."""

from __future__ import annotations

from tuneful.core.errors import DataError
from tuneful.evaluating.samples import AnswerSample, ClassSample, Sample


def classes(sample: Sample, metric: str) -> ClassSample:
    """The sample as one of classes.

    Raises:
        DataError: It is one of answers.
    """
    if isinstance(sample, ClassSample):
        return sample
    raise _wrong(metric, "classes", "answers")


def answers(sample: Sample, metric: str) -> AnswerSample:
    """The sample as one of answers.

    Raises:
        DataError: It is one of classes.
    """
    if isinstance(sample, AnswerSample):
        return sample
    raise _wrong(metric, "answers", "classes")


def _wrong(metric: str, wanted: str, found: str) -> DataError:
    return DataError(
        f"The metric {metric} measures {wanted}, but the model gives {found}.",
        where="evaluate.metrics",
        fix="Leave evaluate.metrics to auto, or name metrics of the method.",
    )
