"""JSON Schema: the share of answers that are JSON and fit the row's schema, or one of a file.

"json_schema" takes each row's own, which stands in its reference; "json_schema:film.json" that of
a file for all rows.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from tuneful.core.errors import DataError
from tuneful.data.columns.json_schema import fits, read_schema
from tuneful.evaluating.metrics.base import Mean, ratio
from tuneful.grading.graders.base import json_of

if TYPE_CHECKING:
    from tuneful.evaluating.measures.answers import AnswerSample
    from tuneful.evaluating.metrics.base import Array


class JsonSchema(Mean):
    """Fitting answers by rows that have a schema."""

    measures: ClassVar[tuple[str, ...]] = ("answers",)
    title: ClassVar[str] = "fits the schema"

    def __init__(self, part: str = "") -> None:
        super().__init__(part)
        self._text = _read(Path(part)) if part else ""

    def statistics(self, sample: AnswerSample) -> Array:
        """For each row with a schema 1 where the answer fits, and 1: [N, 2]."""
        import numpy as np

        schemas = [self._text or text for text in sample.schemas or [""] * len(sample.answers)]
        if not any(schemas):
            raise DataError(
                "No test row has a JSON Schema in its reference.",
                where="evaluate.metrics",
                fix="Give rows a column reference with one, or write json_schema:FILE.",
            )
        pairs = zip(sample.answers, schemas, strict=True)
        return np.array([[_fits(said, text), 1.0] if text else [0.0, 0.0] for said, text in pairs])

    def combine(self, sums_RK: Array, num_rows: int) -> Array:
        """Fitting ones by all; rows without a schema are neither."""
        del num_rows
        return ratio(sums_RK[:, 0], sums_RK[:, 1])


def _fits(said: str, text: str) -> float:
    schema, value = read_schema(text), json_of(said.strip(), whole=True)
    is_null = said.strip() == "null"
    return float(schema is not None and (value is not None or is_null) and fits(value, schema))


def _read(path: Path) -> str:
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    if read_schema(text) is None:
        raise DataError(
            "The file holds no JSON Schema whose words are all known here."
            if text
            else "There is no such file.",
            where=f"evaluate.metrics: json_schema:{path}",
            fix="Write json_schema:FILE with a file of type, properties, required, enum and so on.",
        )
    return text
