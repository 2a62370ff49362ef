"""Whole conversations: OpenAI's messages, or ShareGPT's conversations."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

from tuneful.data.formats.base import BadValue, Convert, Converted, Match, Sample, text_of
from tuneful.data.rows import Chat, Message

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tuneful.data.rows import Role

TURNS = (("messages",), ("conversations", "conversation"), ("dialog", "dialogue", "turns", "chat"))
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
SHAPE = 'Turns are [{"role": "user", "content": "…"}, {"role": "assistant", "content": "…"}]'


class ChatFormat:
    """A column of turns: messages with role and content, or conversations with from and value."""

    rows: ClassVar[Literal["labelled", "chat"]] = "chat"
    ours: ClassVar[tuple[str, ...]] = ("messages", "system")
    wants: ClassVar[str] = "a column messages (or conversations) with lists of turns"

    def detect(self, sample: Sample) -> Match | None:
        """A column of turns by name, whose first value looks like turns."""
        column = sample.pick("messages", *TURNS)
        if column is None:
            return None
        first = next((row[column] for row in sample.rows if row.get(column)), None)
        if "messages" not in sample.chosen and not _looks_like_turns(first):
            return None
        system = sample.chosen.get("system")
        columns = {"messages": column} | ({"system": system} if system else {})
        return Match(columns, f"column {column!r} with lists of turns")

    def converter(self, match: Match, sample: Sample) -> Convert:
        """Roles are translated; texts in parts are joined."""
        del sample
        column, system = match.columns["messages"], match.columns.get("system")

        def convert(values: Mapping[str, Any]) -> Converted:
            messages = turns_of(values.get(column), column)
            before = text_of(values.get(system), system) if system else ""
            if before:
                messages = (Message("system", before), *messages)
            return converted(messages)

        return convert


def converted(messages: tuple[Message, ...]) -> Converted:
    """A conversation as a row; copies are judged by what the user says.

    Raises:
        BadValue: There is no assistant's turn to learn.
    """
    if not any(message.role == "assistant" for message in messages):
        raise BadValue("The conversation has no assistant's turn: nothing to learn.", SHAPE)
    asked = "\n".join(message.content for message in messages if message.role == "user")
    whole = "\n".join(message.content for message in messages if message.role != "system")
    return Converted(Chat(messages), asked or whole)


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
    if content is None and known.get("tool_calls"):
        raise BadValue(
            f"Turn {number} calls tools; rows with tool calls cannot be learned yet.",
            "Leave such rows out, or write the call into the content",
        )
    if isinstance(content, list):
        content = _joined(cast("Sequence[object]", content), number)
    if not isinstance(content, str):
        raise BadValue(f"Turn {number} has no content.", SHAPE)
    return Message(role, content)


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


def _looks_like_turns(value: object) -> bool:
    if isinstance(value, str):
        return value.lstrip().startswith("[{")
    if not isinstance(value, list) or not value:
        return False
    first = cast("list[object]", value)[0]
    return isinstance(first, dict) and bool({"role", "from"} & set(cast("dict[str, Any]", first)))
