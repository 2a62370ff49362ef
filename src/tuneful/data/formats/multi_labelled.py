"""A text and all the classes it belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from tuneful.data.columns.cells import TEXT, list_of
from tuneful.data.formats.base import Convert, Converted, Match, Sample, text_of
from tuneful.data.rows import MultiLabelled, to_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tuneful.data.rows import Row

LABELS = (("labels",), ("label", "tags", "topics", "categories", "genres", "classes"))


class MultiLabelledFormat:
    """A text column and a column of lists of classes: ["a", "b"], or a;b in one cell."""

    rows: ClassVar[str] = "multi_labelled"
    writes: ClassVar[tuple[str, ...]] = ("multi_labelled",)
    is_plain: ClassVar[bool] = False
    ours: ClassVar[tuple[str, ...]] = ("text", "labels")
    wants: ClassVar[str] = "a column text (or review …) and a column labels with lists"

    def detect(self, sample: Sample) -> Match | None:
        """Both columns by name."""
        text, labels = sample.pick("text", *TEXT), sample.pick("labels", *LABELS)
        if text is None or labels is None or text == labels:
            return None
        return Match({"text": text, "labels": labels}, f"columns {text!r} and {labels!r}")

    def converter(self, match: Match, sample: Sample) -> Convert:
        """Classes in alphabetical order, each once."""
        del sample
        text_column, labels_column = match.columns["text"], match.columns["labels"]

        def convert(values: Mapping[str, Any]) -> Converted:
            text = text_of(values.get(text_column), text_column)
            labels = sorted(set(list_of(values.get(labels_column), labels_column)))
            return Converted(MultiLabelled(text, tuple(labels)), text)

        return convert

    def record(self, row: Row) -> dict[str, Any]:
        """The row's own columns."""
        return to_json(row)
