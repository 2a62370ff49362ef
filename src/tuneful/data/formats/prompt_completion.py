"""A prompt and its answer: prompt and completion, or instruction, input and output."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from tuneful.data.columns.calls import tools_of
from tuneful.data.columns.cells import (
    answer_of,
    asked,
    beside_prompt,
    has_documents,
    is_alpaca,
    whole_prompt,
)
from tuneful.data.columns.chats import chat_row, exchanges
from tuneful.data.formats.base import BadValue, Convert, Converted, Match, Sample
from tuneful.data.rows import Chat

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tuneful.data.rows import Row

PROMPT = (("prompt",), ("instruction", "instructions"), ("question", "query", "user", "input"))
COMPLETION = (("completion",), ("response", "output", "answer", "assistant"))
TOOLS = (("tools",), ("functions",))


class PromptCompletionFormat:
    """Columns prompt and completion, or instruction, input and output; system may stand beside."""

    rows: ClassVar[str] = "chat"
    writes: ClassVar[tuple[str, ...]] = ("chat",)
    is_plain: ClassVar[bool] = True
    ours: ClassVar[tuple[str, ...]] = ("prompt", "completion", "input", "system", "tools")
    wants: ClassVar[str] = "columns prompt and completion (or instruction and output …)"

    def detect(self, sample: Sample) -> Match | None:
        """Both columns by name."""
        if not (sample.has("prompt", *PROMPT) and sample.has("completion", *COMPLETION)):
            return None
        is_special = is_alpaca(sample) or has_documents(sample)
        is_named = bool({"prompt", "completion"} & set(sample.chosen))
        if is_special and sample.asked == "auto" and not is_named:
            return None
        prompt, completion = sample.pick("prompt", *PROMPT), sample.pick("completion", *COMPLETION)
        if prompt is None or completion is None:
            return None
        found = {"prompt": prompt, "completion": completion}
        found |= beside_prompt(sample, prompt)
        tools = sample.pick("tools", *TOOLS)
        if tools:
            found["tools"] = tools
        return Match.of(found)

    def converter(self, match: Match, sample: Sample) -> Convert:
        """One user's turn, one assistant's; an empty line stands before an input.

        Lists of turns, as TRL has them, are taken as they are; only the completion is learned.
        """
        del sample
        columns = match.columns

        tools = columns.get("tools")

        def convert(values: Mapping[str, Any]) -> Converted:
            prompt = whole_prompt(values, columns)
            answer = answer_of(values.get(columns["completion"]), columns["completion"])
            said = "\n".join(turn.content for turn in answer)
            question = asked(prompt)
            if not (question or said or any(turn.tool_calls for turn in answer)):
                raise BadValue("Prompt and completion are both empty.", "Fill or remove the row")
            given = (replace(m, weight=0.0) if m.role == "assistant" else m for m in prompt)
            offered = tools_of(values.get(tools), tools) if tools else ()
            return chat_row(Chat((*given, *answer), offered))._replace(key=question or said)

        return convert

    def record(self, row: Row) -> dict[str, Any]:
        """Columns prompt and completion, and system where there is one."""
        assert isinstance(row, Chat)
        system, said = exchanges(row.messages, "Prompt and completion")
        if len(said) > 1:
            problem = f"The conversation asks {len(said)} times; a row of these holds one answer."
            raise BadValue(problem, "Write it as chat, sharegpt or alpaca")
        before = {"system": system} if system else {}
        return {**before, "prompt": said[0][0], "completion": said[0][1]}
