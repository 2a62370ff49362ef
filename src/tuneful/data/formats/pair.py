"""Two texts and how they stand to each other: entailment, paraphrase, an answer's fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from tuneful.data.formats.base import BadValue, Convert, Converted, Match, Sample, text_of
from tuneful.data.rows import Pair, to_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tuneful.data.rows import Row

NAMES = (
    ("text", "second"),
    ("premise", "hypothesis"),
    ("sentence1", "sentence2"),
    ("text1", "text2"),
    ("text_a", "text_b"),
    ("question1", "question2"),
    ("query", "passage"),
)
"""Names in published data sets: SNLI and MNLI, GLUE, Quora's questions, MS MARCO."""
LABEL = (("label", "labels"), ("gold_label", "is_duplicate", "similarity", "class", "target"))


class PairFormat:
    """Two text columns, known by name (premise and hypothesis …), and a class column."""

    rows: ClassVar[str] = "pair"
    writes: ClassVar[tuple[str, ...]] = ("pair",)
    is_plain: ClassVar[bool] = True
    ours: ClassVar[tuple[str, ...]] = ("text", "second", "label")
    wants: ClassVar[str] = "columns text and second (or premise and hypothesis …) and label"

    def detect(self, sample: Sample) -> Match | None:
        """The first pair of names that is there."""
        label = sample.pick("label", *LABEL)
        for one, other in NAMES:
            first = sample.chosen.get("text") or sample.pick("first", (one,))
            second = sample.chosen.get("second") or sample.pick("second", (other,))
            if first and second and label and len({first, second, label}) == 3:
                found = {"text": first, "second": second, "label": label}
                return Match.of(found)
        return None

    def converter(self, match: Match, sample: Sample) -> Convert:
        """Labels become text."""
        del sample
        columns = match.columns

        def convert(values: Mapping[str, Any]) -> Converted:
            read = {ours: text_of(values.get(name), name) for ours, name in columns.items()}
            if not read["label"].strip():
                problem = f"The column {columns['label']!r} is empty: the row has no label."
                raise BadValue(problem, "Give it one")
            pair = Pair(read["text"], read["second"], read["label"].strip())
            return Converted(pair, f"{pair.text}\n{pair.second}", "text")

        return convert

    def record(self, row: Row) -> dict[str, Any]:
        """The row's own columns."""
        return to_json(row)
