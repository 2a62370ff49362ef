"""Turns of a conversation out of a column's value: OpenAI's and ShareGPT's words for them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from tuneful.data.columns.calls import CALL, kind_of_value, named, tool_calls_of
from tuneful.data.formats.base import BadValue
from tuneful.data.message import Message

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tuneful.data.message import Role, ToolCall

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
    "chatbot": "assistant",
    "tool": "tool",
    "function": "tool",
    "observation": "tool",
    "tool_response": "tool",
    "function_call": "assistant",
    "tool_call": "assistant",
}
"""Words for who speaks in OpenAI's, ShareGPT's and other files, and ours."""
CALLS = ("function_call", "tool_call")
"""ShareGPT's roles whose text is a call as JSON."""
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
    found = "an empty list" if value == [] else kind_of_value(value)
    turns = cast("Sequence[object]", value) if isinstance(value, list) else ()
    if not turns:
        raise BadValue(f"The column {column!r} holds {found}, not turns.", SHAPE)
    return named([_message(turn, number) for number, turn in enumerate(turns, start=1)])


def _message(turn: object, number: int) -> Message:
    if not isinstance(turn, dict):
        raise BadValue(f"Turn {number} is {kind_of_value(turn)}, not an object.", SHAPE)
    known = cast("dict[str, Any]", turn)
    said = known.get("role", known.get("from"))
    role = ROLES.get(str(said).strip().lower())
    if role is None:
        raise BadValue(f"Turn {number} is by {said!r}, a role that is not known.", SHAPE)
    content = known.get("content", known.get("value"))
    calls = _calls(known, number)
    if calls and (content is None or said in CALLS):
        content = ""
    if isinstance(content, list):
        content = _joined(cast("Sequence[object]", content), number)
    if not isinstance(content, str):
        is_refusal = isinstance(known.get("refusal"), str)
        fix = "Write the refusal as content, if it is to be learned" if is_refusal else SHAPE
        raise BadValue(f"Turn {number} has no content{', but a refusal' * is_refusal}.", fix)
    name, answered = str(known.get("name") or ""), str(known.get("tool_call_id") or "")
    return Message(role, content, calls, name, answered, _weight(known.get("weight"), number))


def _calls(turn: Mapping[str, Any], number: int) -> tuple[ToolCall, ...]:
    """The calls of a turn: OpenAI's tool_calls, its older function_call, or ShareGPT's role."""
    older = turn.get("function_call")
    value = turn.get("tool_calls") if older is None else [older]
    if turn.get("role", turn.get("from")) in CALLS:
        return tool_calls_of(_spoken(turn.get("content", turn.get("value")), number), number)
    return tool_calls_of(value, number)


def _spoken(value: object, number: int) -> object:
    """A call or calls that stand in a turn's text as JSON."""
    try:
        found = cast("object", json.loads(value)) if isinstance(value, str) else value
    except ValueError as error:
        problem = f"Turn {number} is a call that is no JSON: {error}."
        raise BadValue(problem, CALL) from None
    return cast("object", found if isinstance(found, list) else [found])


def _weight(value: object, number: int) -> float:
    """How much a turn is learned: OpenAI's files have 0 or 1, any number from 0 on may stand."""
    if value is None:
        return 1.0
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise BadValue(f"Turn {number} has the weight {value!r}.", "Give a number from 0 on")
    return float(value)


def _joined(parts: Sequence[object], number: int) -> str:
    texts: list[str] = []
    for part in parts:
        kind = kind_of_value(part)
        known = cast("dict[str, Any]", part) if isinstance(part, dict) else {}
        if not isinstance(known.get("text"), str):
            kind = repr(known["type"]) if "type" in known else kind
            problem = f"Turn {number} holds a part that is {kind}; only text can be learned yet."
            raise BadValue(problem, "Leave such rows out")
        texts.append(known["text"])
    return "".join(texts)
