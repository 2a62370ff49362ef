"""Every text of rows in Arrow, searched there: only those that match become Python's."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from tuneful.data.arrow import pyarrow
from tuneful.data.rows import ROWS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tuneful.data.arrow import Array, Batch
    from tuneful.data.message import Message
    from tuneful.data.rows import Row

CLASSES = ("label", "labels", "tags")
"""Columns that hold names of classes, which are no text to learn from."""
LEARNED = ("messages", "chosen", "answer")
"""Columns of turns that a model learns to give."""


def texts_in(batch: Batch, row_type: str, pattern: str = "") -> Iterator[tuple[int, str]]:
    """Texts of a batch with their rows' numbers in it, column by column.

    Args:
        batch: Rows.
        row_type: Their kind.
        pattern: What a text must match somewhere, as RE2 has it; empty: any text.
    """
    pa = pyarrow()
    for texts, row_T in arrays_in(batch, row_type):
        # A length that is null, of a text that is null, does not fit either.
        fits = pa.compute.greater(pa.compute.binary_length(texts), 0)
        if pattern:
            fits = pa.compute.match_substring_regex(texts, pattern)
        found = zip(row_T.filter(fits).to_pylist(), texts.filter(fits).to_pylist(), strict=True)
        yield from found


def arrays_in(batch: Batch, row_type: str) -> Iterator[tuple[Array, Array]]:
    """Arrays of texts, each with the row that each text stands in."""
    pa = pyarrow()
    for name, column in ROWS[row_type].columns.items():
        values = batch.column(name)
        if name in CLASSES or column not in {"text", "texts", "turns"}:
            continue
        if column == "text":
            yield values, pa.array(range(batch.num_rows), pa.int64())
            continue
        flat, row_T = values.flatten(), pa.compute.list_parent_indices(values)
        if column == "texts":
            yield flat, row_T
        else:
            yield pa.compute.struct_field(flat, "content"), row_T
            yield pa.compute.struct_field(flat, "tool_calls"), row_T


def turns_in(batch: Batch, row_type: str) -> Iterator[tuple[Array, Array]]:
    """The turns that a model learns to give [structs], each with its row's number in the batch."""
    pa = pyarrow()
    for name, column in ROWS[row_type].columns.items():
        if column == "turns" and name in LEARNED:
            values = batch.column(name)
            yield values.flatten(), pa.compute.list_parent_indices(values)


def answers_in(batch: Batch, row_type: str) -> Iterator[tuple[int, str]]:
    """What the assistant says in learned turns, with the row's number in the batch."""
    pa = pyarrow()
    for turns, row_T in turns_in(batch, row_type):
        said = pa.compute.struct_field(turns, "content")
        is_said = pa.compute.and_(
            pa.compute.equal(pa.compute.struct_field(turns, "role"), "assistant"),
            pa.compute.greater(pa.compute.binary_length(said), 0),
        )
        yield from zip(
            row_T.filter(is_said).to_pylist(), said.filter(is_said).to_pylist(), strict=True
        )


def silent_in(batch: Batch, row_type: str) -> set[int]:
    """Rows of a batch in which the assistant is to learn to say nothing at all."""
    pa = pyarrow()
    found: set[int] = set()
    for turns, row_T in turns_in(batch, row_type):
        is_silent = pa.compute.greater(pa.compute.struct_field(turns, "weight"), 0)
        for name in ("content", "tool_calls"):
            size = pa.compute.binary_length(pa.compute.struct_field(turns, name))
            is_silent = pa.compute.and_(
                is_silent, pa.compute.equal(pa.compute.fill_null(size, 0), 0)
            )
        is_theirs = pa.compute.equal(pa.compute.struct_field(turns, "role"), "assistant")
        found.update(row_T.filter(pa.compute.and_(is_silent, is_theirs)).to_pylist())
    return found


def over_texts(row: Row, mend: Callable[[str], str]) -> Row:
    """The row with every text mended that is no name of a class; itself where nothing changes."""
    changed: dict[str, Any] = {}
    for name, column in row.columns.items():
        if name in CLASSES or column not in {"text", "texts", "turns"}:
            continue
        value = getattr(row, name)
        if column == "text":
            better: Any = mend(value)
        elif column == "texts":
            better = tuple(mend(text) or text for text in cast("tuple[str, ...]", value))
        else:
            better = tuple(_turn(turn, mend) for turn in value)
        if better != value:
            changed[name] = better
    return replace(cast("Any", row), **changed) if changed else row


def _turn(turn: Message, mend: Callable[[str], str]) -> Message:
    calls = tuple(replace(call, arguments=mend(call.arguments)) for call in turn.tool_calls)
    return replace(turn, content=mend(turn.content), tool_calls=calls)
