"""Tools in conversations for models whose template has no word for them.

Many small models' templates drop `tools` and `tool_calls` without a word. For those,
conversations are written out in the form that Hermes and Qwen models were trained on: the functions
stand in the system turn inside <tools>, a call inside <tool_call>, a result inside <tool_response>
as the user's.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from tuneful.data.message import Message

if TYPE_CHECKING:
    from collections.abc import Sequence

INTRODUCTION = (
    "You may call functions. Their signatures stand inside <tools></tools>:\n<tools>\n{tools}\n"
    "</tools>\nFor each call, answer with a JSON object inside <tool_call></tool_call>:\n"
    '<tool_call>\n{{"name": <function>, "arguments": <object>}}\n</tool_call>'
)
CALL = re.compile(r"<tool_call>\s*(.*?)\s*(?:</tool_call>|$)", re.DOTALL)


def knows_tools(template: str) -> bool:
    """Whether a chat template writes tools and calls by itself."""
    return "tools" in template and "tool_calls" in template


def write_out(messages: Sequence[Message], tools: Sequence[dict[str, Any]]) -> tuple[Message, ...]:
    """The conversation with functions, calls and results as plain text."""
    turns = [_plain(message) for message in messages]
    if tools:
        listed = "\n".join(json.dumps(tool["function"], ensure_ascii=False) for tool in tools)
        text = INTRODUCTION.format(tools=listed)
        if turns and turns[0].role == "system":
            turns[0] = replace(turns[0], content=f"{turns[0].content}\n\n{text}")
        else:
            turns.insert(0, Message("system", text))
    return tuple(turns)


def _plain(message: Message) -> Message:
    if message.role == "tool":
        return Message("user", f"<tool_response>\n{message.content}\n</tool_response>")
    if not message.tool_calls:
        return message
    calls = [
        f'<tool_call>\n{{"name": {json.dumps(c.name)}, "arguments": {c.arguments}}}\n</tool_call>'
        for c in message.tool_calls
    ]
    said = [message.content, *calls] if message.content else calls
    return Message("assistant", "\n".join(said), weight=message.weight)


def read_calls(text: str) -> list[dict[str, Any]] | None:
    """The calls in an answer as {"name", "arguments"}; None where what stands there is no call.

    Read are <tool_call> blocks, or else the whole text as a JSON object or list.
    """
    blocks = CALL.findall(text) or [text.strip()]
    calls: list[dict[str, Any]] = []
    for block in blocks:
        try:
            found = json.loads(block)
        except ValueError:
            return None
        parts = cast("list[Any]", found if isinstance(found, list) else [found])
        for part in parts:
            if not (isinstance(part, dict) and isinstance(cast("Any", part).get("name"), str)):
                return None
            known = cast("dict[str, Any]", part)
            calls.append({"name": known["name"], "arguments": known.get("arguments", {})})
    return calls
