"""Cohere's chat rows: messages by System, User and Chatbot.

Cohere takes no jobs any more; the form lives on in people's files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from tuneful.data.columns.chats import TURNS, chat_row, speakers
from tuneful.data.columns.turns import turns_of
from tuneful.data.formats.base import BadValue, Convert, Converted, Match, Sample
from tuneful.data.rows import Chat

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tuneful.data.rows import Row

NAMES = {"system": "System", "user": "User", "assistant": "Chatbot"}


class CohereFormat:
    """A column messages whose answers are by Chatbot."""

    rows: ClassVar[str] = "chat"
    writes: ClassVar[tuple[str, ...]] = ("chat",)
    is_plain: ClassVar[bool] = True
    ours: ClassVar[tuple[str, ...]] = ("messages",)
    wants: ClassVar[str] = "a column messages with turns by System, User and Chatbot"

    def detect(self, sample: Sample) -> Match | None:
        """A column of turns by name, in which a Chatbot speaks."""
        column = sample.pick("messages", *TURNS)
        if column is None:
            return None
        who = {name.strip().lower() for name in speakers(sample, column)}
        if "chatbot" not in who:
            return None
        return Match({"messages": column}, f"column {column!r} in which a Chatbot speaks")

    def converter(self, match: Match, sample: Sample) -> Convert:
        """Roles are translated."""
        del sample
        column = match.columns["messages"]

        def convert(values: Mapping[str, Any]) -> Converted:
            return chat_row(Chat(turns_of(values.get(column), column)))

        return convert

    def record(self, row: Row) -> dict[str, Any]:
        """Turns of tools cannot be written; tools and weights are left out."""
        assert isinstance(row, Chat)
        if any(turn.role == "tool" or turn.tool_calls for turn in row.messages):
            raise BadValue("Cohere's rows cannot hold calls of tools.", "Write it as chat")
        turns = [{"role": NAMES[turn.role], "content": turn.content} for turn in row.messages]
        return {"messages": turns}
