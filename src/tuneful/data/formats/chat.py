"""Whole conversations: OpenAI's messages, or ShareGPT's conversations."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar, cast

from tuneful.data.calls import refuse_unknown_calls, tools_of
from tuneful.data.formats.base import BadValue, Convert, Converted, Match, Sample, text_of
from tuneful.data.message import Message
from tuneful.data.rows import Chat
from tuneful.data.turns import SHAPE, turns_of

if TYPE_CHECKING:
    from collections.abc import Mapping

TOOLS = ("tools", "functions", "function")
REFERENCE = (("reference",), ("accepted",), ("ground_truth",))
TURNS = (("messages",), ("conversations", "conversation"), ("dialog", "dialogue", "turns", "chat"))


class ChatFormat:
    """A column of turns: messages with role and content, or conversations with from and value."""

    rows: ClassVar[str] = "chat"
    is_plain: ClassVar[bool] = True
    ours: ClassVar[tuple[str, ...]] = ("messages", "system", "tools", "reference")
    wants: ClassVar[str] = (
        "a column messages (or conversations) with lists of turns; tools and reference as needed"
    )

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
        for ours, names in (("tools", (TOOLS,)), ("reference", REFERENCE)):
            found = sample.pick(ours, *names)
            columns |= {ours: found} if found else {}
        return Match(columns, f"column {column!r} with lists of turns")

    def converter(self, match: Match, sample: Sample) -> Convert:
        """Roles are translated; texts in parts are joined."""
        del sample
        column, system = match.columns["messages"], match.columns.get("system")
        tools, reference = match.columns.get("tools"), match.columns.get("reference")

        def convert(values: Mapping[str, Any]) -> Converted:
            messages = turns_of(values.get(column), column)
            before = text_of(values.get(system), system) if system else ""
            if before:
                messages = (Message("system", before), *messages)
            offered = tools_of(values.get(tools), tools) if tools else ()
            right = values.get(reference) if reference else None
            return converted(Chat(messages, offered, _as_text(right)))

        return convert


def converted(row: Chat) -> Converted:
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


def _as_text(value: object) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, ensure_ascii=False)


def _looks_like_turns(value: object) -> bool:
    if isinstance(value, str):
        return value.lstrip().startswith("[{")
    if not isinstance(value, list) or not value:
        return False
    first = cast("list[object]", value)[0]
    return isinstance(first, dict) and bool({"role", "from"} & set(cast("dict[str, Any]", first)))
