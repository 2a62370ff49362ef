"""OpenAI's preference form: input, preferred_output and non_preferred_output."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

from tuneful.data.columns.cells import answer_of, asked, json_in
from tuneful.data.columns.turns import turns_of
from tuneful.data.formats.base import BadValue, Convert, Converted, Match, Sample
from tuneful.data.rows import Preference

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tuneful.data.rows import Row

INPUT = (("input",),)
CHOSEN, REJECTED = (("preferred_output",),), (("non_preferred_output",),)
SHAPE = 'Write input as {"messages": [{"role": "user", "content": "…"}]}'


class OpenAIPreferenceFormat:
    """Columns input (an object with messages), preferred_output and non_preferred_output."""

    rows: ClassVar[str] = "preference"
    writes: ClassVar[tuple[str, ...]] = ("preference",)
    is_plain: ClassVar[bool] = True
    ours: ClassVar[tuple[str, ...]] = ("input", "preferred_output", "non_preferred_output")
    wants: ClassVar[str] = "columns input, preferred_output and non_preferred_output"

    def detect(self, sample: Sample) -> Match | None:
        """The three columns by name."""
        chosen = sample.pick("preferred_output", *CHOSEN)
        rejected = sample.pick("non_preferred_output", *REJECTED)
        given = sample.pick("input", *INPUT)
        if given is None or chosen is None or rejected is None:
            return None
        return Match(
            {"input": given, "preferred_output": chosen, "non_preferred_output": rejected},
            f"columns {given!r}, {chosen!r} and {rejected!r}",
        )

    def converter(self, match: Match, sample: Sample) -> Convert:
        """Rows that offer tools are bad rows: a preference row has no place for them."""
        del sample
        columns = match.columns

        def convert(values: Mapping[str, Any]) -> Converted:
            given = json_in(values.get(columns["input"]))
            if not isinstance(given, dict):
                raise BadValue(f"The column {columns['input']!r} holds no object.", SHAPE)
            known = cast("dict[str, Any]", given)
            if known.get("tools"):
                problem = "The input offers tools, which preference rows have no place for."
                raise BadValue(problem, "Leave tools out of the row")
            prompt = turns_of(known.get("messages"), "input.messages")
            chosen = answer_of(values.get(columns["preferred_output"]), "preferred_output")
            rejected = answer_of(
                values.get(columns["non_preferred_output"]), "non_preferred_output"
            )
            if chosen == rejected:
                raise BadValue("The preferred output is the other one.", "Give two answers")
            return Converted(Preference(prompt, chosen, rejected), asked(prompt))

        return convert

    def record(self, row: Row) -> dict[str, Any]:
        """Turns in OpenAI's form."""
        assert isinstance(row, Preference)
        return {
            "input": {"messages": [turn.to_json() for turn in row.prompt]},
            "preferred_output": [turn.to_json() for turn in row.chosen],
            "non_preferred_output": [turn.to_json() for turn in row.rejected],
        }
