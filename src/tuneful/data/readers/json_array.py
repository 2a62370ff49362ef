"""A JSON array of objects, read an object at a time; JSON lines under the same ending as well."""

from __future__ import annotations

import codecs
import json
from typing import IO, TYPE_CHECKING, Any, cast

from tuneful.core.errors import DataError
from tuneful.data.readers.base import (
    BYTE_ORDER_MARK,
    MOST_COLUMNS,
    TO_UTF8,
    Unpacked,
    empty,
    opened,
    refuse_utf16,
    too_wide,
    unlike,
)
from tuneful.data.reading.records import BadRow, Meter, Record

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CHUNK = 1 << 16
LONGEST_OBJECT = 1 << 26
"""Characters of one row: a broken row must not pull the whole file into memory."""


def read_json(path: Path, meter: Meter) -> Iterator[Record | BadRow]:
    """A JSON array of objects; a file of one object a line is read as JSON lines."""
    with opened(path, Meter()) as file:
        start = file.read(CHUNK)
    refuse_utf16(start, path)
    start = start.removeprefix(BYTE_ORDER_MARK).lstrip()
    if start.startswith(b"{"):
        from tuneful.data.readers import READERS

        yield from READERS["jsonl"](path, meter)
        return
    if not start:
        raise empty(path)
    if not start.startswith(b"["):
        raise _broken(path, 1, "it begins with neither [ nor {")
    with opened(path, meter) as file:
        for row, value in enumerate(_Objects(file, path), start=1):
            if isinstance(value, dict):
                known = cast("dict[str, Any]", value)
                if len(known) > MOST_COLUMNS:
                    raise too_wide(len(known), path)
                yield Record(known, path.name, row)
            else:
                problem = f"The item is a JSON {type(value).__name__}, not an object with columns."
                yield BadRow(problem, "Make every item an object", path.name, row)


class _Objects:
    """The items of a JSON array, decoded one after the other from a window on the file."""

    def __init__(self, file: IO[bytes], path: Path) -> None:
        self._file, self._path = file, path
        self._text, self._position, self._row = "", 0, 0
        self._decode = codecs.getincrementaldecoder("utf-8")()
        self._unpacked = Unpacked(path)

    def __iter__(self) -> Iterator[object]:
        if self._next_sign() == "\ufeff":
            self._position += 1
        self._next_sign()
        self._position += 1
        while self._next_sign() != "]":
            self._row += 1
            yield self._item()
            sign = self._next_sign()
            if sign == ",":
                self._position += 1
            elif sign != "]":
                raise _broken(self._path, self._row, f"after the item stands {sign!r}, not , or ]")
        self._position += 1
        self._refuse_more()

    def _refuse_more(self) -> None:
        """Nothing may follow the array: rows that stand there would be lost without a word."""
        rest = self._text[self._position :].strip()
        while not rest and self._more():
            rest = self._text.strip()
        if rest:
            raise _broken(self._path, self._row, f"after the array stands {rest[:20]!r}")

    def _item(self) -> object:
        decoder = json.JSONDecoder(object_pairs_hook=unlike)
        while True:
            try:
                value, end = decoder.raw_decode(self._text, self._position)
            except json.JSONDecodeError as error:
                if len(self._text) - self._position > LONGEST_OBJECT or not self._more():
                    raise _broken(self._path, self._row, error.msg) from None
            except RecursionError:
                raise _broken(self._path, self._row, "it is nested too deep") from None
            except ValueError as error:  # a key that stands twice, a number of thousands of digits
                raise _broken(self._path, self._row, str(error)) from None
            else:
                # A number or a word may go on in what was not read yet.
                if end < len(self._text) or not self._more():
                    self._position = end
                    return value

    def _next_sign(self) -> str:
        while True:
            while self._position < len(self._text):
                sign = self._text[self._position]
                if not sign.isspace():
                    return sign
                self._position += 1
            if not self._more():
                raise _broken(self._path, self._row, "the file ends before the array does")

    def _more(self) -> bool:
        """Read on, twice as much as is waiting; False at the end of the file."""
        waiting = self._text[self._position :]
        raw = self._file.read(max(CHUNK, len(waiting)))
        try:
            text = self._decode.decode(raw, final=not raw)
        except UnicodeDecodeError as error:
            at = self._unpacked.num_bytes + error.start
            raise DataError(
                f"The byte {error.object[error.start]:#04x} near offset {at:,} is not UTF-8.",
                where=f"{self._path}, after row {self._row:,}",
                fix=TO_UTF8 + ".",
            ) from None
        self._unpacked.add(len(raw))
        self._text, self._position = waiting + text, 0
        return bool(raw)


def _broken(path: Path, row: int, problem: str) -> DataError:
    return DataError(
        f"The JSON is broken: {problem}.",
        where=f"{path}, row {max(1, row):,}",
        fix="Mend it, or write JSON lines (.jsonl), where one broken row does not hide the others.",
    )
