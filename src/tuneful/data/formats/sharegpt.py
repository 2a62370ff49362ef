"""ShareGPT's conversations: turns with from and value."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar

from tuneful.data.columns.calls import tools_of
from tuneful.data.columns.cells import BESIDE, after_system
from tuneful.data.columns.chats import TURNS, chat_row, turns_in
from tuneful.data.columns.turns import turns_of
from tuneful.data.formats.base import Convert, Converted, Match, Sample, text_of
from tuneful.data.rows import Chat

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tuneful.data.message import Message
    from tuneful.data.rows import Row

NAMES = {"system": "system", "user": "human", "assistant": "gpt", "tool": "observation"}
TOOLS = (("tools", "functions"),)


class ShareGptFormat:
    """A column conversations of turns with from and value; system and tools may stand beside."""

    rows: ClassVar[str] = "chat"
    writes: ClassVar[tuple[str, ...]] = ("chat",)
    is_plain: ClassVar[bool] = True
    ours: ClassVar[tuple[str, ...]] = ("messages", "system", "tools")
    wants: ClassVar[str] = 'a column conversations with lists of {"from", "value"}'

    def detect(self, sample: Sample) -> Match | None:
        """A column of turns by name, whose turns say from."""
        column = sample.pick("messages", *TURNS)
        if column is None or not any("from" in t for r in sample.rows for t in turns_in(r, column)):
            return None
        found = {"messages": column}
        for ours, names in (("system", BESIDE["system"]), ("tools", TOOLS)):
            beside = sample.pick(ours, *names)
            found |= {ours: beside} if beside else {}
        return Match(found, f"column {column!r} with turns that say from and value")

    def converter(self, match: Match, sample: Sample) -> Convert:
        """A function_call's text is a call as JSON; an observation is what a tool answers."""
        del sample
        column, system = match.columns["messages"], match.columns.get("system")
        tools = match.columns.get("tools")

        def convert(values: Mapping[str, Any]) -> Converted:
            messages = turns_of(values.get(column), column)
            before = text_of(values.get(system), system) if system else ""
            messages = after_system(before, messages)
            offered = tools_of(values.get(tools), tools) if tools else ()
            return chat_row(Chat(messages, offered))

        return convert

    def record(self, row: Row) -> dict[str, Any]:
        """Calls as JSON text in a turn by function_call; tools as JSON text."""
        assert isinstance(row, Chat)
        tools = [tool["function"] for tool in row.tools]
        said = {"tools": json.dumps(tools, ensure_ascii=False)} if tools else {}
        return {"conversations": [_turn(turn) for turn in row.messages], **said}


def _turn(turn: Message) -> dict[str, Any]:
    weight = {} if turn.weight == 1.0 else {"weight": turn.weight}
    if not turn.tool_calls:
        return {"from": NAMES[turn.role], "value": turn.content, **weight}
    calls = [
        {"name": call.name, "arguments": json.loads(call.arguments)}
        | ({"id": call.id} if call.id else {})
        for call in turn.tool_calls
    ]
    value = json.dumps(calls[0] if len(calls) == 1 else calls, ensure_ascii=False)
    return {"from": "function_call", "value": value, **weight}
