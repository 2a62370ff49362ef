"""An answer, and whether people want it: thumbs up or down (KTO's rows)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from tuneful.data.columns.cells import PROMPT, answer_of, asked, prompt_of
from tuneful.data.formats.base import BadValue, Convert, Converted, Match, Sample
from tuneful.data.rows import Judged, to_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tuneful.data.rows import Row

ANSWER = (("completion",), ("answer", "response", "output"))
GOOD = (("label",), ("is_good", "thumbs_up", "desirable", "feedback"))
NAMES = {"prompt": PROMPT, "completion": ANSWER, "label": GOOD}
YES, NO = {"true", "1", "yes", "up", "good"}, {"false", "0", "no", "down", "bad"}


class JudgedFormat:
    """Columns prompt, completion and label with true or false."""

    rows: ClassVar[str] = "judged"
    writes: ClassVar[tuple[str, ...]] = ("judged",)
    is_plain: ClassVar[bool] = False
    ours: ClassVar[tuple[str, ...]] = tuple(NAMES)
    wants: ClassVar[str] = "columns prompt, completion and label (true or false)"

    def detect(self, sample: Sample) -> Match | None:
        """The three columns by name."""
        return sample.columns_named(NAMES)

    def converter(self, match: Match, sample: Sample) -> Convert:
        """True and false also as 1 and 0, yes and no, up and down."""
        del sample
        columns = match.columns

        def convert(values: Mapping[str, Any]) -> Converted:
            prompt = prompt_of(values.get(columns["prompt"]), columns["prompt"])
            answer = answer_of(values.get(columns["completion"]), columns["completion"])
            word = str(values.get(columns["label"])).strip().lower()
            if word not in YES | NO:
                problem = f"The column {columns['label']!r} holds {word!r}: neither yes nor no."
                raise BadValue(problem, "Write true or false")
            return Converted(Judged(prompt, answer, word in YES), asked(prompt))

        return convert

    def record(self, row: Row) -> dict[str, Any]:
        """The row in TRL's columns."""
        said = to_json(row)
        return {"prompt": said["prompt"], "completion": said["answer"], "label": said["is_good"]}
