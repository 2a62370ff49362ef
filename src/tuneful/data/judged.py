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


def _said(row: Chat | Preference | Judged | Prompt) -> str:
    if isinstance(row, Prompt):
        return _by(row.prompt, "user")
    answers = row.messages if isinstance(row, Chat) else None
    if isinstance(row, Preference):
        answers = row.chosen
    elif isinstance(row, Judged):
        answers = row.answer
    return _by(answers or (), "assistant")


def _by(turns: Turns, role: Role) -> str:
    return "\n".join(turn.content for turn in turns if turn.role == role)
