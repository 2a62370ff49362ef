"""Reading values that several formats have: lists in a cell, numbers, prompts of turns or text."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from tuneful.data.columns.turns import turns_of
from tuneful.data.formats.base import BadValue, Sample, plain, text_of
from tuneful.data.message import Message

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tuneful.data.message import Turns

TEXT = (
    ("text",),
    ("review", "sentence", "content", "review_text", "review_body"),
    ("comment", "document", "body", "tweet", "message", "utterance", "description", "snippet"),
    ("title", "headline", "question", "query", "input"),
)
PROMPT = (("prompt",), ("instruction",), ("question", "query", "user"), ("messages", "input"))
BESIDE = {"input": (("input", "context"),), "system": (("system", "system_prompt"),)}
"""Columns that belong to a prompt: what follows it, and the system's turn before it."""
SEPARATORS = (";", "|", ",")
BROKEN_TURNS = re.compile(r'\s*\[\s*\{\s*"(role|from)"')
"""How turns begin that are no JSON."""


DOCUMENTS = (("documents", "docs", "passages", "contexts"), ("context",))
GOLDEN = (("golden_documents", "oracle_documents", "oracle_context", "golden_document"),)
DISTRACTORS = (("distractors", "distractor_documents"),)


def json_in(value: object) -> object:
    """A list or an object that may stand in a cell as JSON text; anything else as it is."""
    if isinstance(value, str) and value.lstrip().startswith(("[", "{")):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def is_object(value: object) -> bool:
    """Whether it is a JSON object."""
    return isinstance(value, dict)


def is_list(value: object) -> bool:
    """Whether it is a JSON array."""
    return isinstance(value, list)


def object_in(value: object) -> dict[str, Any]:
    """A JSON object; one without members where the value is none."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def items_in(value: object) -> list[Any]:
    """A JSON array; an empty one where the value is none."""
    return cast("list[Any]", value) if isinstance(value, list) else []


def has_documents(sample: Sample) -> bool:
    """Whether rows carry lists of documents to answer from (RAFT), not just a text beside."""
    found = [n for n in sample.columns if any(plain(n) in tier for tier in (*GOLDEN, *DISTRACTORS))]
    lists = [n for n in sample.columns if any(plain(n) in tier for tier in DOCUMENTS)]
    return bool(found) or any(isinstance(json_in(sample.first(n)), list | dict) for n in lists)


def is_alpaca(sample: Sample) -> bool:
    """Whether rows have Alpaca's columns: instruction and output."""
    return {"instruction", "output"} <= {plain(name) for name in sample.columns}


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
    if _are_turns(value):
        return turns_of(value, column)
    return (Message("user", text_of(value, column)),)


def beside_prompt(sample: Sample, prompt: str) -> dict[str, str]:
    """The columns of input and system that stand beside a prompt, our names to the source's.

    Turns are whole: no input follows them.
    """
    rest = replace(sample, columns=[name for name in sample.columns if name != prompt])
    is_text = not is_list(json_in(sample.first(prompt)))
    found = {ours: rest.pick(ours, *names) for ours, names in BESIDE.items()
             if is_text or ours != "input"}  # fmt: skip
    return {ours: name for ours, name in found.items() if name}


def whole_prompt(values: Mapping[str, Any], columns: Mapping[str, str]) -> Turns:
    """The prompt of a row with its input behind an empty line, and the system's turn before it.

    Raises:
        BadValue: One of the columns holds neither text nor turns.
    """
    turns = prompt_of(values.get(columns["prompt"]), columns["prompt"])
    extra, system = columns.get("input"), columns.get("system")
    more = text_of(values.get(extra), extra) if extra else ""
    if more:
        both = "\n\n".join(filter(None, (turns[-1].content, more)))
        turns = (*turns[:-1], replace(turns[-1], content=both))
    return after_system(text_of(values.get(system), system) if system else "", turns)


def after_system(system: str, turns: Turns) -> Turns:
    """The turns after a system's turn of this text, unless they begin with it or it is empty."""
    said = Message("system", system)
    return turns if not system or turns[:1] == (said,) else (said, *turns)


def answer_of(value: object, column: str) -> Turns:
    """An answer: turns as they are, one turn alone, or one assistant's turn of text.

    Raises:
        BadValue: They are neither, or no assistant speaks last.
    """
    if is_object(value):
        value = [value]
    if _are_turns(value):
        turns = turns_of(value, column)
    else:
        turns = (Message("assistant", text_of(value, column)),)
    if turns[-1].role != "assistant":
        raise BadValue(f"The column {column!r} does not end with an assistant's turn.", "Give one")
    return turns


def _are_turns(value: object) -> bool:
    """Whether it is a list, or JSON text of turns: a list of other objects is text."""
    if not isinstance(value, str):
        return is_list(value)
    turns = items_in(json_in(value))
    if turns:
        return all({"role", "from"} & set(object_in(turn)) for turn in turns)
    return BROKEN_TURNS.match(value) is not None


def asks_alike(sample: Sample, column: str | None) -> bool:
    """Whether every row looked at has the same prompt, so that answers tell the rows apart."""
    prompts = [str(row.get(column)) for row in sample.rows] if column else []
    return len(prompts) > 1 and len(set(prompts)) == 1


def asked(turns: Turns) -> str:
    """What copies of conversations are judged by: what the user says."""
    return "\n".join(turn.content for turn in turns if turn.role == "user")
