"""Turns of conversations, and the calls of tools in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

Role = Literal["system", "user", "assistant", "tool"]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call that the assistant makes.

    Attributes:
        name: Of the function.
        arguments: A JSON object, as text.
        id: Which call a tool's turn answers; "" where the source has none.
    """

    name: str
    arguments: str
    id: str = ""

    def to_json(self) -> dict[str, Any]:
        """The call in OpenAI's form."""
        function = {"name": self.name, "arguments": self.arguments}
        named = {"id": self.id} if self.id else {}
        return {**named, "type": "function", "function": function}


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation.

    Attributes:
        role: Who speaks.
        content: What is said; "" where tools are called and nothing is said.
        tool_calls: Of an assistant's turn.
        name: The function that a tool's turn comes from.
        call_id: Which call a tool's turn answers; "" where the source does not say.
        weight: How much an assistant's turn is learned; 0: it is given.
    """

    role: Role
    content: str
    tool_calls: tuple[ToolCall, ...] = ()
    name: str = ""
    call_id: str = ""
    weight: float = 1.0

    def to_json(self) -> dict[str, Any]:
        """The turn in OpenAI's form."""
        turn: dict[str, Any] = {"role": self.role, "content": self.content}
        if self.tool_calls:
            turn["tool_calls"] = [call.to_json() for call in self.tool_calls]
        if self.name:
            turn["name"] = self.name
        if self.call_id:
            turn["tool_call_id"] = self.call_id
        if self.weight != 1.0:
            turn["weight"] = self.weight
        return turn

    def texts(self) -> Iterator[str]:
        """Every text in it."""
        yield self.content
        for call in self.tool_calls:
            yield from (call.name, call.arguments)


Turns = tuple[Message, ...]
