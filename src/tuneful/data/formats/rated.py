"""A text and a number: stars, a score, a grade."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from tuneful.data.columns.cells import TEXT, number_of
from tuneful.data.formats.base import Convert, Converted, Match, Sample, text_of
from tuneful.data.rows import Rated, to_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tuneful.data.rows import Row

RATING = (("rating", "stars", "score"), ("label", "labels", "grade", "points", "target", "y"))


class RatedFormat:
    """A text column and a column of numbers, known by name: text and rating, stars, score …."""

    rows: ClassVar[str] = "rated"
    writes: ClassVar[tuple[str, ...]] = ("rated",)
    is_plain: ClassVar[bool] = False
    ours: ClassVar[tuple[str, ...]] = ("text", "rating")
    wants: ClassVar[str] = "a column text (or review …) and a column rating (or stars, score …)"

    def detect(self, sample: Sample) -> Match | None:
        """Both columns by name."""
        text, rating = sample.pick("text", *TEXT), sample.pick("rating", *RATING)
        if text is None or rating is None or text == rating:
            return None
        return Match({"text": text, "rating": rating}, f"columns {text!r} and {rating!r}")

    def converter(self, match: Match, sample: Sample) -> Convert:
        """Numbers as they stand; text that is no number is refused."""
        del sample
        text_column, rating_column = match.columns["text"], match.columns["rating"]

        def convert(values: Mapping[str, Any]) -> Converted:
            text = text_of(values.get(text_column), text_column)
            return Converted(Rated(text, number_of(values.get(rating_column), rating_column)), text)

        return convert

    def record(self, row: Row) -> dict[str, Any]:
        """The row's own columns."""
        return to_json(row)
