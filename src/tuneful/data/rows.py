"""The shapes that training rows come in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Role = Literal["system", "user", "assistant", "tool"]


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Chat:
    """A conversation to imitate. Only the assistant's turns are learned."""

    messages: tuple[Message, ...]

    def to_json(self) -> dict[str, Any]:
        """The row in the field's usual form: {"messages": [{"role", "content"}]}."""
        return {"messages": [{"role": m.role, "content": m.content} for m in self.messages]}

    @property
    def prompt(self) -> tuple[Message, ...]:
        """Every turn before the last assistant's: what the model is given when it is tested."""
        last = max(i for i, m in enumerate(self.messages) if m.role == "assistant")
        return self.messages[:last]

    @property
    def answer(self) -> str:
        """The last assistant's turn: what the model should say."""
        return next(m.content for m in reversed(self.messages) if m.role == "assistant")


@dataclass(frozen=True, slots=True)
class Labelled:
    """A text and the one class it belongs to."""

    text: str
    label: str

    def to_json(self) -> dict[str, Any]:
        """The row as JSON values."""
        return {"text": self.text, "label": self.label}


Row = Chat | Labelled
ROWS: dict[str, type[Chat] | type[Labelled]] = {"chat": Chat, "labelled": Labelled}
"""The name of each kind of row, as it stands in a dataset's manifest."""
