"""A prompt and its answer: prompt and completion, or instruction, input and output."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from tuneful.data.columns.cells import answer_of, has_documents, is_alpaca, prompt_of
from tuneful.data.columns.chats import chat_row, exchanges
from tuneful.data.formats.base import BadValue, Convert, Converted, Match, Sample, text_of
from tuneful.data.message import Message
from tuneful.data.rows import Chat

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tuneful.data.rows import Row

PROMPT = (("prompt",), ("instruction", "instructions"), ("question", "query", "user", "input"))
COMPLETION = (("completion",), ("response", "output", "answer", "assistant"))
EXTRA = (("input", "context"),)
SYSTEM = (("system", "system_prompt"),)


class PromptCompletionFormat:
    """Columns prompt and completion, or instruction, input and output; system may stand beside."""

    rows: ClassVar[str] = "chat"
    writes: ClassVar[tuple[str, ...]] = ("chat",)
    is_plain: ClassVar[bool] = True
    ours: ClassVar[tuple[str, ...]] = ("prompt", "completion", "input", "system")
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
        rest = replace(sample, columns=[name for name in sample.columns if name != prompt])
        extra = rest.pick("input", *EXTRA)
        if extra:
            found["input"] = extra
        system = sample.pick("system", *SYSTEM)
        if system:
            found["system"] = system
        return Match.of(found)

    def converter(self, match: Match, sample: Sample) -> Convert:
        """One user's turn, one assistant's; an empty line stands before an input.

        Lists of turns, as TRL has them, are taken as they are; only the completion is learned.
        """
        del sample
        columns = match.columns

        def read(values: Mapping[str, Any], ours: str) -> str:
            name = columns.get(ours)
            return text_of(values.get(name), name) if name else ""

        def convert(values: Mapping[str, Any]) -> Converted:
            if isinstance(values.get(columns["prompt"]), list):
                return _of_turns(values, columns["prompt"], columns["completion"])
            asked = "\n\n".join(filter(None, (read(values, "prompt"), read(values, "input"))))
            answer, system = read(values, "completion"), read(values, "system")
            if not asked and not answer:
                raise BadValue("Prompt and completion are both empty.", "Fill or remove the row")
            messages = (Message("user", asked), Message("assistant", answer))
            if system:
                messages = (Message("system", system), *messages)
            return Converted(Chat(messages), asked or answer)

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


def _of_turns(values: Mapping[str, Any], prompt: str, completion: str) -> Converted:
    before = prompt_of(values.get(prompt), prompt)
    given = (replace(m, weight=0.0) if m.role == "assistant" else m for m in before)
    return chat_row(Chat((*given, *answer_of(values.get(completion), completion))))
