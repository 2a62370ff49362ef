"""Words with a tag each: names, parts of speech, chunks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from tuneful.data.columns.cells import list_of
from tuneful.data.formats.base import BadValue, Convert, Converted, Match, Sample
from tuneful.data.rows import Tagged, to_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tuneful.data.rows import Row

WORDS = (("words", "tokens"), ("sentence", "text"))
TAGS = (("tags", "ner_tags", "labels"), ("pos_tags", "chunk_tags", "ner"))


class TaggedFormat:
    """A column of words and a column with a tag for each: words and tags, tokens and ner_tags."""

    rows: ClassVar[str] = "tagged"
    writes: ClassVar[tuple[str, ...]] = ("tagged",)
    is_plain: ClassVar[bool] = False
    ours: ClassVar[tuple[str, ...]] = ("words", "tags")
    wants: ClassVar[str] = "columns words and tags (or tokens and ner_tags), lists of equal length"

    def detect(self, sample: Sample) -> Match | None:
        """Both columns by name."""
        words, tags = sample.pick("words", *WORDS), sample.pick("tags", *TAGS)
        if words is None or tags is None or words == tags:
            return None
        return Match({"words": words, "tags": tags}, f"columns {words!r} and {tags!r}")

    def converter(self, match: Match, sample: Sample) -> Convert:
        """Text in a cell is split at spaces."""
        del sample
        words_column, tags_column = match.columns["words"], match.columns["tags"]

        def convert(values: Mapping[str, Any]) -> Converted:
            words = _listed(values.get(words_column), words_column)
            tags = _listed(values.get(tags_column), tags_column)
            if len(words) != len(tags):
                problem = f"The row has {len(words)} words, but {len(tags)} tags."
                raise BadValue(problem, "Give every word one tag")
            return Converted(Tagged(tuple(words), tuple(tags)), " ".join(words))

        return convert

    def record(self, row: Row) -> dict[str, Any]:
        """The row's own columns."""
        return to_json(row)


def _listed(value: object, column: str) -> list[str]:
    is_words = isinstance(value, str) and not value.lstrip().startswith("[")
    return str(value).split() if is_words else list_of(value, column)
