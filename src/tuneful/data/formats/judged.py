"""An answer, and whether people want it: thumbs up or down (KTO's rows)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from tuneful.data.columns.cells import (
    BESIDE,
    PROMPT,
    after_system,
    answer_of,
    asked,
    beside_prompt,
    whole_prompt,
)
from tuneful.data.columns.chats import TURNS, is_answered
from tuneful.data.formats.base import BadValue, Convert, Converted, Match, Sample, text_of
from tuneful.data.rows import Judged, to_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tuneful.data.message import Turns
    from tuneful.data.rows import Row

ANSWER = (("completion",), ("answer", "response", "output"))
GOOD = (("label",), ("is_good", "thumbs_up", "desirable", "feedback", "kto_tag"))
NAMES = {"prompt": PROMPT, "completion": ANSWER, "label": GOOD}
YES, NO = {"true", "1", "yes", "up", "good"}, {"false", "0", "no", "down", "bad"}


class JudgedFormat:
    """Columns prompt, completion and label with true or false."""

    rows: ClassVar[str] = "judged"
    writes: ClassVar[tuple[str, ...]] = ("judged",)
    is_plain: ClassVar[bool] = False
    ours: ClassVar[tuple[str, ...]] = (*NAMES, "messages", "input", "system")
    wants: ClassVar[str] = "columns prompt and completion (or messages) and label (true or false)"

    def detect(self, sample: Sample) -> Match | None:
        """The three columns by name; or label and turns, as LLaMA-Factory has them."""
        match = sample.columns_named(NAMES)
        if match is not None:
            return Match.of({**match.columns, **beside_prompt(sample, match.columns["prompt"])})
        turns, label = sample.pick("messages", *TURNS), sample.pick("label", *GOOD)
        if turns is None or label is None or not is_answered(sample, turns):
            return None
        system = sample.pick("system", *BESIDE["system"])
        found = {"messages": turns, "label": label} | ({"system": system} if system else {})
        return Match.of(found)

    def converter(self, match: Match, sample: Sample) -> Convert:
        """True and false also as 1 and 0, yes and no, up and down."""
        del sample
        columns = match.columns

        def convert(values: Mapping[str, Any]) -> Converted:
            if "messages" in columns:
                prompt, answer = _apart(values, columns)
            else:
                prompt = whole_prompt(values, columns)
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


def _apart(values: Mapping[str, Any], columns: Mapping[str, str]) -> tuple[Turns, Turns]:
    """Turns before the last one, which is the answer."""
    turns = answer_of(values.get(columns["messages"]), columns["messages"])
    if not any(turn.role == "user" for turn in turns[:-1]):
        raise BadValue("There is no prompt before the answer.", "Begin with the user's turn")
    system = columns.get("system")
    before = text_of(values.get(system), system) if system else ""
    return after_system(before, turns[:-1]), turns[-1:]
