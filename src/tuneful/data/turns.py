"""Turns of a conversation out of a column's value: OpenAI's and ShareGPT's words for them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from tuneful.data.formats.base import BadValue
from tuneful.data.message import Message, ToolCall

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tuneful.data.message import Role

ROLES: Mapping[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "model": "assistant",
    "bot": "assistant",
    "chatgpt": "assistant",
    "tool": "tool",
    "function": "tool",
    "observation": "tool",
}
"""Words for who speaks in OpenAI's, ShareGPT's and other files, and ours."""
CALL = 'A call is {"type": "function", "function": {"name": "…", "arguments": "{…}"}}'
TOOL = 'A tool is {"type": "function", "function": {"name": "…", "parameters": {…}}}'
SHAPE = 'Turns are [{"role": "user", "content": "…"}, {"role": "assistant", "content": "…"}]'


def turns_of(value: object, column: str) -> tuple[Message, ...]:
    """Turns out of a column's value; text is read as JSON, as csv files have it.

    Raises:
        BadValue: They are no turns.
    """
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except RecursionError:
            problem = f"The column {column!r} holds JSON that is nested too deep."
            raise BadValue(problem, SHAPE) from None
        except ValueError as error:
            problem = f"The column {column!r} holds text that is no JSON: {error}."
            raise BadValue(problem, SHAPE) from None
    found = "an empty list" if value == [] else _kind(value)
    turns = cast("Sequence[object]", value) if isinstance(value, list) else ()
    if not turns:
        raise BadValue(f"The column {column!r} holds {found}, not turns.", SHAPE)
    return tuple(_message(turn, number) for number, turn in enumerate(turns, start=1))


def _message(turn: object, number: int) -> Message:
    if not isinstance(turn, dict):
        raise BadValue(f"Turn {number} is {_kind(turn)}, not an object.", SHAPE)
    known = cast("dict[str, Any]", turn)
    said = known.get("role", known.get("from"))
    role = ROLES.get(str(said).strip().lower())
    if role is None:
        raise BadValue(f"Turn {number} is by {said!r}, a role that is not known.", SHAPE)
    content = known.get("content", known.get("value"))
    calls = tool_calls_of(known.get("tool_calls"), number)
    if content is None and calls:
        content = ""
    if isinstance(content, list):
        content = _joined(cast("Sequence[object]", content), number)
    if not isinstance(content, str):
        raise BadValue(f"Turn {number} has no content.", SHAPE)
    name = str(known.get("name") or known.get("tool_call_id") or "")
    return Message(role, content, calls, name, _weight(known.get("weight"), number))


def _weight(value: object, number: int) -> float:
    """How much a turn is learned: OpenAI's files have 0 or 1, any number from 0 on may stand."""
    if value is None:
        return 1.0
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise BadValue(f"Turn {number} has the weight {value!r}.", "Give a number from 0 on")
    return float(value)


def tool_calls_of(value: object, number: int) -> tuple[ToolCall, ...]:
    """Calls in OpenAI's form, or as bare {"name", "arguments"}.

    Raises:
        BadValue: They are no calls.
    """
    if value is None:
        return ()
    if not isinstance(value, list):
        raise BadValue(f"Turn {number} has tool_calls that are {_kind(value)}.", CALL)
    return tuple(_call(call, number) for call in cast("Sequence[object]", value))


def _call(value: object, number: int) -> ToolCall:
    known = cast("dict[str, Any]", value) if isinstance(value, dict) else {}
    function = known.get("function", known)
    inner = cast("dict[str, Any]", function) if isinstance(function, dict) else {}
    name, arguments = inner.get("name"), inner.get("arguments", {})
    if not isinstance(name, str) or not name:
        raise BadValue(f"Turn {number} calls a tool without a name.", CALL)
    try:
        parsed = json.loads(arguments) if isinstance(arguments, str) else arguments
    except ValueError as error:
        problem = f"Turn {number} calls {name} with arguments that are no JSON: {error}."
        raise BadValue(problem, CALL) from None
    if not isinstance(parsed, dict):
        raise BadValue(f"Turn {number} calls {name} with {_kind(parsed)}, not an object.", CALL)
    return ToolCall(name, json.dumps(parsed, ensure_ascii=False), str(known.get("id") or ""))


def tools_of(value: object, column: str) -> tuple[dict[str, Any], ...]:
    """Functions in OpenAI's form; bare {"name", "parameters"} are put into it.

    Raises:
        BadValue: They are no functions.
    """
    if isinstance(value, str) and value.strip():
        try:
            value = json.loads(value)
        except ValueError as error:
            problem = f"The column {column!r} holds tools that are no JSON: {error}."
            raise BadValue(problem, TOOL) from None
    if not value:
        return ()
    if not isinstance(value, list):
        raise BadValue(f"The column {column!r} holds {_kind(value)}, not a list of tools.", TOOL)
    return tuple(_tool(tool, column) for tool in cast("Sequence[object]", value))


def _tool(value: object, column: str) -> dict[str, Any]:
    known = cast("dict[str, Any]", value) if isinstance(value, dict) else {}
    function = known.get("function", known)
    if not isinstance(function, dict) or not cast("dict[str, Any]", function).get("name"):
        raise BadValue(f"The column {column!r} holds a tool without a name.", TOOL)
    return {"type": "function", "function": function}


def _joined(parts: Sequence[object], number: int) -> str:
    texts: list[str] = []
    for part in parts:
        kind = _kind(part)
        known = cast("dict[str, Any]", part) if isinstance(part, dict) else {}
        if not isinstance(known.get("text"), str):
            kind = repr(known["type"]) if "type" in known else kind
            problem = f"Turn {number} holds a part that is {kind}; only text can be learned yet."
            raise BadValue(problem, "Leave such rows out")
        texts.append(known["text"])
    return "".join(texts)


def _kind(value: object) -> str:
    return "empty" if value is None else f"a {type(value).__name__}"
