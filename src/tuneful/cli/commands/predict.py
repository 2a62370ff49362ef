"""tuneful predict: ask a model, one JSON object a line."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from tuneful.cli.commands.base import Command
from tuneful.core.errors import DataError

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator, Sequence

    from tuneful.cli.console import Console

INPUTS_AT_ONCE = 256


def add(parser: ArgumentParser) -> None:
    """Its flags."""
    parser.add_argument("model", metavar="MODEL", help="a model folder, run:name or run:last")
    parser.add_argument(
        "texts",
        metavar="TEXT|FILE",
        nargs="+",
        help="texts; or one file of rows (csv, tsv, jsonl, parquet; .txt: one text a line); "
        "or - for lines on standard input; a model of pairs reads JSON: text and second",
    )
    parser.add_argument("--column", default="text", help="the file's column of texts")
    parser.add_argument("--max-new-tokens", type=int, default=128, help="longest answer of a chat")
    parser.add_argument("--quiet", action="store_true", help="no words on standard error")


def run(args: Namespace, console: Console) -> int:
    """Print a line for each input: what it is, and what the model says of it."""
    from tuneful.core.store import Store
    from tuneful.evaluating.predictions import load_to_ask

    store = Store.default()
    measure, model = load_to_ask(args.model, store, args.max_new_tokens, console.listener)
    columns = measure.columns()
    for inputs in _in_batches(_inputs(args, columns)):
        for given, said in zip(inputs, measure.say(model, inputs), strict=True):
            console.line({**(given if isinstance(given, dict) else {"text": given}), **said})
    return 0


def _inputs(args: Namespace, columns: Sequence[str]) -> Iterator[Any]:
    """The inputs, whichever way they came: texts, or objects where there are several columns."""
    first = args.texts[0]
    if len(args.texts) == 1 and len(first) < 1000 and Path(first).is_file():
        yield from _of_file(Path(first), args.column, columns)
        return
    if len(args.texts) == 1 and not any(map(str.isspace, first)):
        _refuse_missing(Path(first))
    lines = (line.rstrip("\n") for line in sys.stdin) if args.texts == ["-"] else args.texts
    for number, line in enumerate(lines, start=1):
        _check_text(line, number)
        yield _object(line, columns) if len(columns) > 1 else line


def _refuse_missing(path: Path) -> None:
    """A word that ends as files of rows do is a file's name that was mistyped.

    Raises:
        DataError: It ends so.
    """
    from tuneful.data.readers import READERS
    from tuneful.data.readers.base import suffix

    if suffix(path) in {*READERS.table, "txt"}:
        raise DataError(
            f"There is no file {str(path)!r}.",
            where="TEXT|FILE",
            fix="Check the name; if it is a text, give it on standard input: echo TEXT | tuneful "
            "predict MODEL -",
        )


def _check_text(text: str, number: int) -> None:
    """Refuse bytes that are no text.

    Raises:
        DataError: There are some.
    """
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:  # Python keeps such bytes as half of a character
        shown = text[:40].encode("utf-8", "replace").decode()
        raise DataError(
            "The text is not UTF-8.",
            where=f"input {number:,}: {shown!r}",
            fix="Convert it: iconv -f latin1 -t UTF-8.",
        ) from None


def _object(line: str, columns: Sequence[str]) -> dict[str, Any]:
    """An input of several columns, written as JSON.

    Raises:
        DataError: It is none, or lacks a column.
    """
    import json

    try:
        found = json.loads(line)
    except ValueError:
        found = None
    if not isinstance(found, dict) or not set(columns) <= set(cast("dict[str, Any]", found)):
        shape = ", ".join(f'"{name}": "…"' for name in columns)
        raise DataError(
            f"The model reads {' and '.join(columns)}, but the input is {line[:60]!r}.",
            where="TEXT",
            fix=f"Write it as JSON: {{{shape}}}",
        )
    return {name: cast("dict[str, Any]", found)[name] for name in columns}


def _of_file(path: Path, column: str, columns: Sequence[str]) -> Iterator[Any]:
    from tuneful.core.events import ignore
    from tuneful.data.reading.records import BadRow, place
    from tuneful.data.sources import open_source

    if path.suffix == ".txt":
        yield from _lines_of(path)
        return
    asked = columns if len(columns) > 1 else (column,)
    for record in open_source(str(path), ignore).read():
        if isinstance(record, BadRow):
            raise DataError(record.problem, where=place(record), fix=f"{record.fix}.")
        lacking = next((name for name in asked if name not in record.values), None)
        if lacking is not None:
            raise DataError(
                f"There is no column {lacking!r}.",
                where=str(path),
                fix=f"Name one by --column: {', '.join(record.values)}."
                if len(columns) == 1
                else f"The model reads {' and '.join(columns)}.",
            )
        if len(columns) > 1:
            yield {name: str(record.values[name]) for name in columns}
        else:
            value = record.values[column]
            yield value if isinstance(value, list) else str(value)


def _lines_of(path: Path) -> Iterator[str]:
    """The lines of a text file.

    Raises:
        DataError: One is not UTF-8.
    """
    from tuneful.data.readers.base import TO_UTF8, Lines, opened
    from tuneful.data.reading.records import Meter

    with opened(path, Meter()) as file:
        lines = Lines(file, path)
        for line in lines:
            if problem := lines.take_problem():
                raise DataError(problem, where=f"{path}:{lines.number}", fix=f"{TO_UTF8}.")
            yield line.rstrip("\r\n")


def _in_batches(inputs: Iterator[Any]) -> Iterator[list[Any]]:
    waiting: list[Any] = []
    for given in inputs:
        waiting.append(given)
        if len(waiting) == INPUTS_AT_ONCE:
            yield waiting
            waiting = []
    if waiting:
        yield waiting


COMMAND = Command("ask a model about texts or a file; JSON lines", add, run)
