"""NVIDIA NeMo's rows: chosen_response and rejected_response; chats as OpenAI's, with objects.

A NeMo chat differs from OpenAI's in one thing: arguments of calls are objects, not JSON text. Both
are read by the format chat; only preferences can be told from others by their columns.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar

from tuneful.data.columns.cells import PROMPT, answer_of, asked, beside_prompt, whole_prompt
from tuneful.data.formats.base import BadValue, Convert, Converted, Match, Sample
from tuneful.data.rows import Chat, Preference, to_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tuneful.data.rows import Row

NAMES = {
    "prompt": PROMPT,
    "chosen_response": (("chosen_response",),),
    "rejected_response": (("rejected_response",),),
}


class NemoFormat:
    """Columns prompt, chosen_response and rejected_response (chats are read by chat)."""

    rows: ClassVar[str] = "preference"
    writes: ClassVar[tuple[str, ...]] = ("preference", "chat")
    is_plain: ClassVar[bool] = True
    ours: ClassVar[tuple[str, ...]] = (*NAMES, "input", "system")
    wants: ClassVar[str] = "columns prompt, chosen_response and rejected_response"

    def detect(self, sample: Sample) -> Match | None:
        """The three columns by name."""
        match = sample.columns_named(NAMES)
        if match is None:
            return None
        return Match.of({**match.columns, **beside_prompt(sample, match.columns["prompt"])})

    def converter(self, match: Match, sample: Sample) -> Convert:
        """Texts, or turns."""
        del sample
        columns = match.columns

        def convert(values: Mapping[str, Any]) -> Converted:
            prompt = whole_prompt(values, columns)
            chosen = answer_of(values.get(columns["chosen_response"]), "chosen_response")
            rejected = answer_of(values.get(columns["rejected_response"]), "rejected_response")
            if chosen == rejected:
                raise BadValue("The chosen answer is the rejected one.", "Give two answers")
            return Converted(Preference(prompt, chosen, rejected), asked(prompt))

        return convert

    def record(self, row: Row) -> dict[str, Any]:
        """A preference in texts where it is one question and two answers, else in turns."""
        if isinstance(row, Chat):
            return _chat(row)
        assert isinstance(row, Preference)
        sides = {"prompt": row.prompt, "chosen_response": row.chosen,
                 "rejected_response": row.rejected}  # fmt: skip
        is_plain = all(len(turns) == 1 and not turns[0].tool_calls for turns in sides.values())
        if is_plain and row.prompt[0].role == "user":
            return {name: turns[0].content for name, turns in sides.items()}
        return {name: [turn.to_json() for turn in turns] for name, turns in sides.items()}


def _chat(row: Chat) -> dict[str, Any]:
    said = to_json(row)
    for turn in said["messages"]:
        for call in turn.get("tool_calls", ()):
            call["function"]["arguments"] = json.loads(call["function"]["arguments"])
    return {name: said[name] for name in ("messages", "tools") if name in said}
