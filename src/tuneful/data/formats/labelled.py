"""A text and its class, each in a column of its own."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar

from tuneful.data.columns.cells import TEXT
from tuneful.data.formats.base import BadValue, Convert, Converted, Match, Sample, text_of
from tuneful.data.rows import Labelled, to_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tuneful.data.rows import Row

LABEL = (
    ("label", "labels"),
    ("sentiment", "class", "category", "intent", "topic", "target", "label_text", "class_name"),
    ("stars", "rating", "score", "polarity", "tag", "type", "y"),
)
"""Names seen in published data sets, plainest first; a later tier counts if none before fits."""


class LabelledFormat:
    """A text column and a class column, known by name: text, review … and label, sentiment …."""

    rows: ClassVar[str] = "labelled"
    writes: ClassVar[tuple[str, ...]] = ("labelled",)
    is_plain: ClassVar[bool] = True
    ours: ClassVar[tuple[str, ...]] = ("text", "label")
    wants: ClassVar[str] = "a column text (or review, sentence …) and a column label (or class …)"

    def detect(self, sample: Sample) -> Match | None:
        """Both columns by name."""
        if not (sample.has("text", *TEXT) and sample.has("label", *LABEL)):
            return None
        text, label = sample.pick("text", *TEXT), sample.pick("label", *LABEL)
        if text is None or label is None or text == label:
            return None
        return Match({"text": text, "label": label}, f"columns {text!r} and {label!r}")

    def converter(self, match: Match, sample: Sample) -> Convert:
        """Labels become text: 1 and 1.0 are "1", true is "true"."""
        del sample
        text_column, label_column = match.columns["text"], match.columns["label"]

        def convert(values: Mapping[str, Any]) -> Converted:
            text = text_of(values.get(text_column), text_column)
            label, kind = _label(values.get(label_column), label_column)
            return Converted(Labelled(text, label), text, kind)

        return convert

    def record(self, row: Row) -> dict[str, Any]:
        """The row's own columns."""
        return to_json(row)


def _label(value: object, column: str) -> tuple[str, str]:
    if isinstance(value, str):
        label = value.strip()
        if label:
            return label, "text"
    if isinstance(value, bool):
        return ("true" if value else "false"), "true/false"
    if isinstance(value, int):
        return str(value), "number"
    if isinstance(value, float) and value.is_integer():
        return str(int(value)), "number"
    if value is None or value == "" or isinstance(value, str):
        raise BadValue(f"The column {column!r} is empty: the row has no label.", "Give it one")
    raise _no_class(value, column)


def _no_class(value: object, column: str) -> BadValue:
    if isinstance(value, float) and not math.isfinite(value):
        return BadValue(f"The label is {value!r}, which is no class.", "Give the row a label")
    if isinstance(value, float):
        return BadValue(
            f"The label {value!r} has a fraction: it is a measurement, not a class.",
            "Name a column of classes, or turn the numbers into classes",
        )
    several = ", or learn several a row: method classify_multi" * isinstance(value, list)
    return BadValue(
        f"The column {column!r} holds a {type(value).__name__}, not one class.",
        f"Name a column with one class a row{several}",
    )
