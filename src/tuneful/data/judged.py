"""What of a row is judged as a text: what a model learns to say, or what it is given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuneful.data.rows import (
    Chat,
    Judged,
    Labelled,
    MultiLabelled,
    Pair,
    Preference,
    Prompt,
    Ranked,
    Rated,
    Tagged,
    Text,
)

if TYPE_CHECKING:
    from tuneful.data.message import Role, Turns
    from tuneful.data.rows import Row


def text_judged(row: Row) -> str:
    """The text; of conversations what the assistant says, or the user where only that is there."""
    if isinstance(row, Text | Labelled | MultiLabelled | Rated):
        return row.text
    if isinstance(row, Pair):
        return f"{row.text}\n{row.second}"
    if isinstance(row, Tagged | Ranked):
        return " ".join(row.words) if isinstance(row, Tagged) else "\n".join(row.answers)
    return _said(row)


def answers_of(row: Row) -> list[str]:
    """What the assistant says that is learned; none where tools are called in silence."""
    if isinstance(row, Preference):
        return _by(row.chosen, "assistant")
    if isinstance(row, Judged):
        return _by(row.answer, "assistant")
    return _by(row.messages, "assistant") if isinstance(row, Chat) else []


def _said(row: Row) -> str:
    return "\n".join(_by(row.prompt, "user") if isinstance(row, Prompt) else answers_of(row))


def _by(turns: Turns, role: Role) -> list[str]:
    return [turn.content for turn in turns if turn.role == role and turn.content]
