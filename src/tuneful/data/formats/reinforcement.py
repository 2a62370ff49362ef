"""OpenAI's reinforcement form: messages that nobody answers, and fields that graders look at."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar

from tuneful.data.columns.calls import tools_of
from tuneful.data.columns.cells import asked
from tuneful.data.columns.chats import ends_open
from tuneful.data.columns.turns import turns_of
from tuneful.data.formats.base import BadValue, Convert, Converted, Match, Sample, text_of
from tuneful.data.rows import Prompt

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tuneful.data.rows import Row

MESSAGES, TOOLS = (("messages",),), (("tools",),)
REFERENCE = (("reference", "ground_truth", "solution"), ("answer", "reference_answer"))
NOT_REFERENCE = ("messages", "tools", "parallel_tool_calls")


class ReinforcementFormat:
    """A column messages that ends with what the user says; other columns are the reference."""

    rows: ClassVar[str] = "prompt"
    writes: ClassVar[tuple[str, ...]] = ("prompt",)
    is_plain: ClassVar[bool] = True
    ours: ClassVar[tuple[str, ...]] = ("messages", "reference", "tools")
    wants: ClassVar[str] = "a column messages that ends with the user's turn, and reference fields"

    def detect(self, sample: Sample) -> Match | None:
        """Messages by name, in none of which an assistant speaks last.

        The reference is the column of such a name, else every other column.
        """
        column = sample.pick("messages", *MESSAGES)
        is_bedrock = sample.asked == "auto" and sample.first("schemaVersion") is not None
        if column is None or is_bedrock or not ends_open(sample, column):
            return None
        found = {"messages": column}
        for ours, names in (("reference", REFERENCE), ("tools", TOOLS)):
            beside = sample.pick(ours, *names)
            found |= {ours: beside} if beside else {}
        if "reference" not in found:
            rest = [n for n in sample.columns if n not in {*NOT_REFERENCE, *found.values()}]
            found |= {f"reference.{name}" if len(rest) > 1 else "reference": name for name in rest}
        return Match(found, f"column {column!r} that ends with the user's turn")

    def converter(self, match: Match, sample: Sample) -> Convert:
        """Several reference fields become one JSON object."""
        del sample
        columns = match.columns
        fields = [name for ours, name in columns.items() if ours.startswith("reference.")]

        def convert(values: Mapping[str, Any]) -> Converted:
            prompt = turns_of(values.get(columns["messages"]), columns["messages"])
            if prompt[-1].role == "assistant":
                problem = "The messages end with an assistant's turn; the model is to write it."
                raise BadValue(problem, "Leave it out, or move it into a column reference")
            one = columns.get("reference")
            right: object = values.get(one) if one else ""
            if fields:
                right = {name: values[name] for name in fields if values.get(name) is not None}
            tools = columns.get("tools")
            offered = tools_of(values.get(tools), tools) if tools else ()
            return Converted(Prompt(prompt, _text(right, one or ""), offered), asked(prompt))

        return convert

    def record(self, row: Row) -> dict[str, Any]:
        """The reference in a field of that name."""
        assert isinstance(row, Prompt)
        tools = {"tools": list(row.tools)} if row.tools else {}
        reference = {"reference": row.reference} if row.reference else {}
        return {"messages": [turn.to_json() for turn in row.prompt], **tools, **reference}


def _text(value: object, column: str) -> str:
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return text_of(value, column)
