"""Conversations that several formats read and write: how they become rows, and who speaks when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tuneful.data.columns.calls import refuse_unknown_calls
from tuneful.data.columns.cells import is_list, is_object, items_in, json_in, object_in
from tuneful.data.columns.turns import SHAPE
from tuneful.data.formats.base import BadValue, Converted, Sample

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tuneful.data.message import Turns
    from tuneful.data.rows import Chat

TURNS = (("messages",), ("conversations", "conversation"), ("dialog", "dialogue", "turns", "chat"))
"""Names of columns of turns, plainest first."""
ASSISTANTS = {
    "assistant",
    "gpt",
    "model",
    "bot",
    "chatgpt",
    "chatbot",
    "function_call",
    "tool_call",
}


def chat_row(row: Chat) -> Converted:
    """A conversation as a row; copies are judged by what the user says.

    Raises:
        BadValue: There is no assistant's turn to learn, or one calls what is no tool of the row.
    """
    if not any(message.role == "assistant" for message in row.messages):
        raise BadValue("The conversation has no assistant's turn: nothing to learn.", SHAPE)
    refuse_unknown_calls(row.messages, row.tools)
    asked = "\n".join(message.content for message in row.messages if message.role == "user")
    whole = "\n".join(message.content for message in row.messages if message.role != "system")
    return Converted(row, asked or whole)


def turns_in(values: Mapping[str, Any], column: str) -> list[dict[str, Any]]:
    """The turns in a row's column, whatever they are called; none where it holds no turns."""
    turns = items_in(json_in(values.get(column)))
    return [object_in(turn) for turn in turns if is_object(turn)]


def first_turns(sample: Sample, column: str) -> list[dict[str, Any]]:
    """The turns of the first row that has some."""
    for row in sample.rows:
        if turns := turns_in(row, column):
            return turns
    return []


def speakers(sample: Sample, column: str) -> set[str]:
    """Who speaks in the first row that has turns, in the source's own words."""
    return {str(turn.get("role", turn.get("from", ""))) for turn in first_turns(sample, column)}


def is_answered(sample: Sample, column: str) -> bool:
    """Whether any row has an assistant's turn."""
    return any(is_assistant(turn) for row in sample.rows for turn in turns_in(row, column))


def ends_open(sample: Sample, column: str) -> bool:
    """Whether there are rows of turns, and in none an assistant speaks last."""
    found = [turns for row in sample.rows if (turns := turns_in(row, column))]
    return bool(found) and not any(is_assistant(turns[-1]) for turns in found)


def is_assistant(turn: Mapping[str, Any]) -> bool:
    """Whether an assistant speaks, in any file's words."""
    return str(turn.get("role", turn.get("from"))).strip().lower() in ASSISTANTS


def exchanges(turns: Turns, format_: str) -> tuple[str, list[tuple[str, str]]]:
    """A conversation as its system turn ("" without) and pairs of what was asked and answered.

    Raises:
        BadValue: It is anything else, or tools are called.
    """
    system, rest = "", list(turns)
    if rest and rest[0].role == "system":
        system, rest = rest[0].content, rest[1:]
    roles = [turn.role for turn in rest]
    if not rest or roles != ["user", "assistant"] * (len(rest) // 2):
        raise BadValue(
            f"{format_} rows hold user and assistant in turn; here speak {', '.join(roles)}.",
            "Write it as chat",
        )
    if any(turn.tool_calls for turn in rest):
        raise BadValue(f"{format_} rows cannot hold calls of tools.", "Write it as chat")
    return system, [
        (ask.content, said.content) for ask, said in zip(*[iter(rest)] * 2, strict=True)
    ]


def system_of(value: object, column: str) -> str:
    """Text out of a system turn as platforms write it: text, {"parts": [{"text"}]}, [{"text"}].

    Raises:
        BadValue: It is none of these.
    """
    found = json_in(value)
    if is_object(found) and "parts" in object_in(found):
        value = object_in(found)["parts"]
    elif is_list(found):
        value = found
    if value is None or isinstance(value, str):
        return value or ""
    parts = items_in(value)
    texts = [text for part in parts if isinstance(text := object_in(part).get("text"), str)]
    if not is_list(value) or len(texts) < len(parts):
        raise BadValue(f"The column {column!r} holds no text.", 'Write {"parts": [{"text": "…"}]}')
    return "".join(texts)
