"""Plain text in a column, or a whole file's lines, to go on with pre-training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from tuneful.data.columns.cells import TEXT
from tuneful.data.formats.base import Convert, Converted, Match, Sample, text_of
from tuneful.data.rows import Text, to_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tuneful.data.rows import Row


class TextFormat:
    """A text column, known by name: text, review, content …; other columns are not used."""

    rows: ClassVar[str] = "text"
    writes: ClassVar[tuple[str, ...]] = ("text",)
    is_plain: ClassVar[bool] = False
    ours: ClassVar[tuple[str, ...]] = ("text",)
    wants: ClassVar[str] = "a column text (or review, content …)"

    def detect(self, sample: Sample) -> Match | None:
        """The column by name."""
        text = sample.pick("text", *TEXT)
        return Match({"text": text}, f"column {text!r}") if text else None

    def converter(self, match: Match, sample: Sample) -> Convert:
        """The text as it stands."""
        del sample
        column = match.columns["text"]

        def convert(values: Mapping[str, Any]) -> Converted:
            text = text_of(values.get(column), column)
            return Converted(Text(text), text)

        return convert

    def record(self, row: Row) -> dict[str, Any]:
        """The row's own columns."""
        return to_json(row)
