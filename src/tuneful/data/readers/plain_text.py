"""A text file as one row: raw text to go on with pre-training."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuneful.data.readers.base import BYTE_ORDER_MARK, TO_UTF8, opened, refuse_utf16
from tuneful.data.reading.records import BadRow, Record

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tuneful.data.reading.records import Meter

LONGEST_TEXT = 1 << 26
"""Bytes of one text, 64 MiB: thirteen times War and Peace, and little memory."""


def read_text(path: Path, meter: Meter) -> Iterator[Record | BadRow]:
    """The whole file is one text, in a column text."""
    with opened(path, meter) as file:
        content = file.read(LONGEST_TEXT + 1)
    if len(content) > LONGEST_TEXT:
        problem = f"The text is longer than {LONGEST_TEXT >> 20} MiB."
        yield BadRow(problem, "Cut it into several files, at chapters", path.name, 1)
        return
    refuse_utf16(content, path)
    try:
        text = content.removeprefix(BYTE_ORDER_MARK).decode("utf-8")
    except UnicodeDecodeError as error:
        sign, at = error.object[error.start], error.start
        problem = f"The byte {sign:#04x} at offset {at:,} of the text is not UTF-8."
        yield BadRow(problem, TO_UTF8, path.name, 1)
        return
    yield Record({"text": text}, path.name, 1)
