"""Functions that may be called, and calls of them, out of a column's value: OpenAI's form."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from tuneful.data.formats.base import BadValue
from tuneful.data.message import Message, ToolCall

if TYPE_CHECKING:
    from collections.abc import Sequence

CALL = 'A call is {"type": "function", "function": {"name": "…", "arguments": "{…}"}}'
TOOL = 'A tool is {"type": "function", "function": {"name": "…", "parameters": {…}}}'


def tool_calls_of(value: object, number: int) -> tuple[ToolCall, ...]:
    """Calls in OpenAI's form, or as bare {"name", "arguments"}.

    Raises:
        BadValue: They are no calls.
    """
    if value is None:
        return ()
    if not isinstance(value, list):
        raise BadValue(f"Turn {number} has tool_calls that are {kind_of_value(value)}.", CALL)
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
        kind = kind_of_value(parsed)
        raise BadValue(f"Turn {number} calls {name} with {kind}, not an object.", CALL)
    return ToolCall(name, json.dumps(parsed, ensure_ascii=False), str(known.get("id") or ""))


def named(turns: Sequence[Message]) -> tuple[Message, ...]:
    """The turns, with the function's name in each result that says which call it answers.

    Raises:
        BadValue: A result answers a call that was not made.
    """
    made = {call.id: call.name for turn in turns for call in turn.tool_calls if call.id}
    result: list[Message] = []
    for number, turn in enumerate(turns, start=1):
        if turn.role != "tool" or not turn.call_id or not made:
            result.append(turn)
            continue
        if turn.call_id not in made:
            problem = f"Turn {number} answers the call {turn.call_id!r}, which was not made."
            raise BadValue(problem, "Give it the id of a call before it: " + ", ".join(made))
        result.append(replace(turn, name=turn.name or made[turn.call_id]))
    return tuple(result)


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
        kind = kind_of_value(value)
        raise BadValue(f"The column {column!r} holds {kind}, not a list of tools.", TOOL)
    return tuple(_tool(tool, column) for tool in cast("Sequence[object]", value))


def _tool(value: object, column: str) -> dict[str, Any]:
    known = cast("dict[str, Any]", value) if isinstance(value, dict) else {}
    function = known.get("function", known)
    name = cast("dict[str, Any]", function).get("name") if isinstance(function, dict) else None
    if not isinstance(name, str) or not name:
        raise BadValue(f"The column {column!r} holds a tool without a name.", TOOL)
    return {"type": "function", "function": function}


def refuse_unknown_calls(turns: Sequence[Message], tools: Sequence[dict[str, Any]]) -> None:
    """Refuse a learned call of a function that is not among those that may be called.

    Raises:
        BadValue: There is one. A conversation without tools may call what it likes.
    """
    known = [str(tool["function"]["name"]) for tool in tools]
    for number, turn in enumerate(turns, start=1):
        for call in turn.tool_calls:
            if known and turn.weight > 0 and call.name not in known:
                problem = f"Turn {number} calls {call.name}, which is not among the tools."
                raise BadValue(problem, "Its tools are " + ", ".join(known))


def kind_of_value(value: object) -> str:
    """What a value is, for a person."""
    return "empty" if value is None else f"a {type(value).__name__}"
