"""Chats, preferences and prompts written from columns by the recipe's data.template."""

from __future__ import annotations

from difflib import get_close_matches
from string import Formatter
from typing import TYPE_CHECKING, Any, ClassVar

from tuneful.core.errors import DataError
from tuneful.data.formats.base import BadValue, Convert, Converted, Match, Sample, text_of
from tuneful.data.message import Message
from tuneful.data.rows import Chat, Preference, Prompt

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tuneful.data.rows import Row

KEYS = ("system", "user", "assistant", "chosen", "rejected", "reference")
NEEDED: Mapping[str, tuple[str, ...]] = {
    "chat": ("user", "assistant"),
    "preference": ("user", "chosen", "rejected"),
    "prompt": ("user",),
}
"""Kinds of rows that a template can give, and the turns each needs."""
Piece = tuple[str, str]
"""Literal text, then the column whose value follows it; "" for none."""


class TemplateFormat:
    """Turns that data.template writes: text in which {column} stands for the row's value."""

    rows: ClassVar[str] = "chat"
    is_plain: ClassVar[bool] = True
    ours: ClassVar[tuple[str, ...]] = ()
    wants: ClassVar[str] = "data.template with user and assistant (or chosen and rejected)"

    def detect(self, sample: Sample) -> Match | None:
        """Wherever the recipe has a template."""
        if sample.template is None:
            return None
        kind, needed = _kind(sample.template)
        missing = [turn for turn in needed if not sample.template.get(turn)]
        if missing:
            raise DataError(
                f"The template has no {' and no '.join(missing)} turn.",
                where="data.template",
                fix="A chat row needs what the user says and what the assistant should answer; a "
                "preference row user, chosen and rejected; a prompt row user alone.",
            )
        used = sorted({c for turn in sample.template for _, c in _pieces(sample, turn) if c})
        if not used:
            raise DataError(
                "The template has no column in it: every row would be the same.",
                where="data.template",
                fix=f"Write one as {{column}}; there are {', '.join(sample.columns)}.",
            )
        why = "data.template with " + ", ".join("{" + name + "}" for name in used)
        return Match({name: name for name in used}, why, kind)

    def converter(self, match: Match, sample: Sample) -> Convert:
        """Copies are judged by the values in the user's turn, not by the words around them.

        Where that turn has none, by those of all turns.
        """
        parts = {key: _pieces(sample, key) for key in KEYS if key in (sample.template or {})}
        asked = [column for _, column in parts["user"] if column] or list(match.columns)

        def convert(values: Mapping[str, Any]) -> Converted:
            said = {key: _fill(pieces, values) for key, pieces in parts.items()}
            row = _row(match.rows, said)
            return Converted(row, "\n".join(_value(values, name) for name in asked))

        return convert


def _kind(template: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
    """Kind of the rows that a template's keys give, and the keys they need."""
    if "chosen" in template or "rejected" in template:
        return "preference", NEEDED["preference"]
    if "assistant" in template or "reference" not in template:
        return "chat", NEEDED["chat"]
    return "prompt", NEEDED["prompt"]


def _row(kind: str, said: Mapping[str, str]) -> Row:
    system = (Message("system", said["system"]),) if "system" in said else ()
    prompt = (*system, Message("user", said["user"]))
    if kind == "preference":
        chosen, rejected = Message("assistant", said["chosen"]), said["rejected"]
        return Preference(prompt, (chosen,), (Message("assistant", rejected),))
    if kind == "prompt":
        return Prompt(prompt, said.get("reference", ""))
    return Chat((*prompt, Message("assistant", said["assistant"])))


def _pieces(sample: Sample, turn: str) -> list[Piece]:
    """A turn's template in pieces.

    Raises:
        DataError: It is no template, or names a column that is not there.
    """
    where = f"data.template.{turn}"
    text = (sample.template or {})[turn]
    try:
        parsed = list(Formatter().parse(text))
    except ValueError as error:
        fix = "Write {{ and }} for braces that are meant as text."
        raise DataError(f"The template cannot be read: {error}.", where=where, fix=fix) from error
    pieces: list[Piece] = []
    for literal, name, rule, conversion in parsed:
        if name is None:
            pieces.append((literal, ""))
            continue
        column = sample.chosen.get(name, name)
        if rule or conversion or column not in sample.columns:
            raise _no_column(name, where, sample.columns)
        pieces.append((literal, column))
    return pieces


def _no_column(name: str, where: str, columns: Sequence[str]) -> DataError:
    close = get_close_matches(name, columns, n=1)
    hint = f"Did you mean {{{close[0]}}}? " if close else ""
    return DataError(
        f"The template asks for a column {name!r} that is not there; the columns are "
        f"{', '.join(columns)}.",
        where=where,
        fix=hint + "Write {{ and }} for braces that are meant as text.",
    )


def _fill(pieces: Sequence[Piece], values: Mapping[str, Any]) -> str:
    return "".join(
        literal + (_value(values, column) if column else "") for literal, column in pieces
    )


def _value(values: Mapping[str, Any], column: str) -> str:
    value = values.get(column)
    if value is None:
        raise BadValue(f"The column {column!r} is empty.", "Fill it, or remove the row")
    return text_of(value, column)
