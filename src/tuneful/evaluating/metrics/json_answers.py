"""Answers in JSON: whether they parse, and whether a field holds the reference's value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

from tuneful.core.errors import DataError
from tuneful.data.columns.json_schema import same_value
from tuneful.evaluating.metrics.base import Mean
from tuneful.grading.graders.base import json_of

if TYPE_CHECKING:
    from tuneful.evaluating.measures.answers import AnswerSample
    from tuneful.evaluating.metrics.base import Array


class JsonValid(Mean):
    """The share of answers that are one JSON object with the reference's keys, and nothing else."""

    measures: ClassVar[tuple[str, ...]] = ("answers", "preferences")
    title: ClassVar[str] = "valid JSON"

    def statistics(self, sample: AnswerSample) -> Array:
        """1 for each valid answer: [N, 1]."""
        import numpy as np

        pairs = zip(sample.answers, sample.references, strict=True)
        return np.array([[float(_is_valid(said, meant))] for said, meant in pairs])


class FieldAccuracy(Mean):
    """The share of answers whose field has the reference's value; what does not parse fails."""

    measures: ClassVar[tuple[str, ...]] = ("answers", "preferences")
    undefined: ClassVar[str] = "no reference has the field"

    def __init__(self, part: str = "") -> None:
        super().__init__(part)
        if not part:
            raise DataError(
                "The metric field_accuracy does not say which field.",
                where="evaluate.metrics",
                fix='Write "field_accuracy:sentiment" for the field sentiment.',
            )

    def statistics(self, sample: AnswerSample) -> Array:
        """1 for each equal field: [N, 1]; NaN where no reference has it at all."""
        import numpy as np

        if not any(self.part in (object_of(meant) or {}) for meant in sample.references):
            return np.full((len(sample.references), 1), np.nan)
        pairs = zip(sample.answers, sample.references, strict=True)
        return np.array([[float(self._is_equal(said, meant))] for said, meant in pairs])

    @property
    def title(self) -> str:
        """The field's name."""
        return f"{self.part} right"

    def _is_equal(self, said: str, meant: str) -> bool:
        found, wanted = object_of(said), object_of(meant)
        if found is None or wanted is None or self.part not in found or self.part not in wanted:
            return False
        return same_value(found[self.part], wanted[self.part])


def object_of(text: str) -> dict[str, Any] | None:
    """The JSON object that the whole text is, or None."""
    value = json_of(text, whole=True)
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def fields(references: tuple[str, ...]) -> list[str]:
    """Keys that every reference has, if every reference is a JSON object; else none."""
    shared: dict[str, None] | None = None
    for text in references:
        found = object_of(text)
        if found is None:
            return []
        shared = dict.fromkeys(found) if shared is None else {k: None for k in shared if k in found}
    return list(shared or ())


def _is_valid(said: str, meant: str) -> bool:
    found, wanted = object_of(said), object_of(meant)
    return found is not None and (wanted is None or set(found) == set(wanted))
