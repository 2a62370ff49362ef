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
    """The conversation with functions, calls and results as plain text.

    Results that follow each other are one turn of the user's, so that roles alternate.
    """
    turns: list[Message] = []
    for number, message in enumerate(messages):
        plain = _plain(message)
        if number and message.role == "tool" == messages[number - 1].role:
            turns[-1] = replace(turns[-1], content=f"{turns[-1].content}\n{plain.content}")
        else:
            turns.append(plain)
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
    """The calls in an answer as {"name", "arguments"}, none where it only says something.

    Read are <tool_call> blocks, or else the whole text as a JSON object or list of calls, with
    "arguments" or "parameters", as models write them. Returns None where a call was begun and
    cannot be read.
    """
    blocks = CALL.findall(text)
    if not blocks:
        return _calls(text.strip()) or []
    calls: list[dict[str, Any]] = []
    for block in blocks:
        found = _calls(block)
        if found is None:
            return None
        calls += found
    return calls


def _calls(text: str) -> list[dict[str, Any]] | None:
    """A JSON object or list of objects with a name and arguments; None where it is none."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    calls: list[dict[str, Any]] = []
    for part in cast("list[Any]", found if isinstance(found, list) else [found]):
        known = cast("dict[str, Any]", part) if isinstance(part, dict) else {}
        arguments = known.get("arguments", known.get("parameters"))
        if not isinstance(known.get("name"), str) or not isinstance(arguments, dict):
            return None
        calls.append({"name": known["name"], "arguments": arguments})
    return calls
