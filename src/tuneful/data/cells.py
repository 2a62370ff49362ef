"""Reading values that several formats have: lists in a cell, numbers, prompts of turns or text."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, cast

from tuneful.data.formats.base import BadValue, Sample, text_of
from tuneful.data.message import Message
from tuneful.data.turns import turns_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tuneful.data.message import Turns

TEXT = (
    ("text",),
    ("review", "sentence", "content", "review_text", "review_body"),
    ("comment", "document", "body", "tweet", "message", "utterance", "description", "snippet"),
    ("title", "headline", "question", "query", "input"),
)
PROMPT = (("prompt",), ("instruction",), ("question", "query", "user"), ("messages", "input"))
SEPARATORS = (";", "|", ",")


def list_of(value: object, column: str) -> list[str]:
    """A list of texts: as JSON has it, or in one cell as JSON text or with ; | , between.

    Raises:
        BadValue: It is something else.
    """
    if value is None or value == "":
        return []
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            value = json.loads(value)
        except ValueError as error:
            problem = f"The column {column!r} holds a list that is no JSON: {error}."
            raise BadValue(problem, 'Write it as ["a", "b"]') from None
    if isinstance(value, str):
        separator = next((s for s in SEPARATORS if s in value), SEPARATORS[0])
        return [part.strip() for part in value.split(separator) if part.strip()]
    if not isinstance(value, list):
        kind = type(value).__name__
        raise BadValue(f"The column {column!r} holds a {kind}, not a list.", "Give a list of texts")
    return [text_of(part, column) for part in cast("Sequence[object]", value)]


def number_of(value: object, column: str) -> float:
    """A finite number, also where it is written as text.

    Raises:
        BadValue: It is none.
    """
    try:
        number = float(cast("Any", value))
    except (TypeError, ValueError):
        number = math.nan
    if isinstance(value, bool) or not math.isfinite(number):
        raise BadValue(f"The column {column!r} holds {value!r}, not a number.", "Give a number")
    return number


def prompt_of(value: object, column: str) -> Turns:
    """Turns before an answer: as they are, or one user's turn of text.

    Raises:
        BadValue: They are neither.
    """
    if isinstance(value, list) or (isinstance(value, str) and value.lstrip().startswith("[{")):
        return turns_of(cast("object", value), column)
    return (Message("user", text_of(value, column)),)


def answer_of(value: object, column: str) -> Turns:
    """An answer: turns as they are, or one assistant's turn of text.

    Raises:
        BadValue: They are neither, or no assistant speaks last.
    """
    if isinstance(value, list) or (isinstance(value, str) and value.lstrip().startswith("[{")):
        turns = turns_of(cast("object", value), column)
    else:
        turns = (Message("assistant", text_of(value, column)),)
    if turns[-1].role != "assistant":
        raise BadValue(f"The column {column!r} does not end with an assistant's turn.", "Give one")
    return turns


def asks_alike(sample: Sample, column: str | None) -> bool:
    """Whether every row looked at has the same prompt, so that answers tell the rows apart."""
    prompts = [str(row.get(column)) for row in sample.rows] if column else []
    return len(prompts) > 1 and len(set(prompts)) == 1


def asked(turns: Turns) -> str:
    """What copies of conversations are judged by: what the user says."""
    return "\n".join(turn.content for turn in turns if turn.role == "user")
