"""tuneful predict: ask a model, one JSON object a line."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tuneful.cli.commands.base import Command
from tuneful.core.errors import DataError

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator

    from tuneful.cli.console import Console

TEXTS_AT_ONCE = 256


def add(parser: ArgumentParser) -> None:
    """Its flags."""
    parser.add_argument("model", metavar="MODEL", help="a model folder, run:name or run:last")
    parser.add_argument(
        "texts",
        metavar="TEXT|FILE",
        nargs="+",
        help="texts; or one file of rows (csv, tsv, jsonl, parquet; .txt: one text a line); "
        "or - for lines on standard input",
    )
    parser.add_argument("--column", default="text", help="the file's column of texts")
    parser.add_argument("--max-new-tokens", type=int, default=128, help="longest answer of a chat")
    parser.add_argument("--quiet", action="store_true", help="no words on standard error")


def run(args: Namespace, console: Console) -> int:
    """Print a line for each text: label and confidence, or the answer."""
    from tuneful.core.store import Store
    from tuneful.data.message import Message
    from tuneful.models.predict import Classifier, load_predictor

    model = load_predictor(args.model, Store.default(), listener=console.listener)
    for texts in _in_batches(_texts(args)):
        if isinstance(model, Classifier):
            for text, said in zip(texts, model.classify(texts), strict=True):
                console.line({"text": text, **said})
        else:
            prompts = [(Message("user", text),) for text in texts]
            answers = model.answers(prompts, args.max_new_tokens)
            for text, answer in zip(texts, answers, strict=True):
                console.line({"text": text, "answer": answer})
    return 0


def _texts(args: Namespace) -> Iterator[str]:
    """The texts, whichever way they came."""
    first = args.texts[0]
    if len(args.texts) > 1:
        yield from args.texts
    elif first == "-":
        yield from (line.rstrip("\n") for line in sys.stdin)
    elif len(first) < 1000 and Path(first).is_file():
        yield from _of_file(Path(first), args.column)
    else:
        yield first


def _of_file(path: Path, column: str) -> Iterator[str]:
    from tuneful.core.events import ignore
    from tuneful.data.records import BadRow
    from tuneful.data.sources import open_source

    if path.suffix == ".txt":
        with path.open(encoding="utf-8") as lines:
            yield from (line.rstrip("\n") for line in lines)
        return
    for record in open_source(str(path), ignore).read():
        if isinstance(record, BadRow):
            raise record.error()
        if column not in record.values:
            raise DataError(
                f"There is no column {column!r}.",
                where=str(path),
                fix=f"Name one by --column: {', '.join(record.values)}.",
            )
        yield str(record.values[column])


def _in_batches(texts: Iterator[str]) -> Iterator[list[str]]:
    waiting: list[str] = []
    for text in texts:
        waiting.append(text)
        if len(waiting) == TEXTS_AT_ONCE:
            yield waiting
            waiting = []
    if waiting:
        yield waiting


COMMAND = Command("ask a model about texts or a file; JSON lines", add, run)
