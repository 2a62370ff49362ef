"""tuneful convert: rows in another format."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuneful.cli.commands.base import Command, add_output

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator, Sequence

    from tuneful.cli.console import Console
    from tuneful.core.report import Finding
    from tuneful.data.converting.convert import Converted


def add(parser: ArgumentParser) -> None:
    """Its flags."""
    parser.add_argument("source", metavar="SOURCE", help="as in a recipe's data.source")
    parser.add_argument(
        "--to", required=True, metavar="FORMAT", help="the format to write: tuneful list formats"
    )
    parser.add_argument(
        "-o",
        "--output",
        required=True,
        metavar="FILE",
        help="the file to write: .jsonl, .json, .csv, .tsv, .parquet, .arrow, .feather or .conll",
    )
    parser.add_argument(
        "--from",
        dest="read_as",
        default="auto",
        metavar="FORMAT",
        help="the source's format (default: recognised and said)",
    )
    parser.add_argument(
        "--column",
        action="append",
        default=[],
        metavar="OURS=THEIRS",
        help="name a column, as data.columns does: --column text=body (may be repeated)",
    )
    parser.add_argument("--query", default="", help="what a database is asked (data.query)")
    parser.add_argument(
        "--lossy",
        action="store_true",
        help="leave out what the format cannot hold, and list it beside the file",
    )
    parser.add_argument(
        "--skip-bad",
        action="store_true",
        help="leave out rows that cannot be read, and list them beside the file",
    )
    parser.add_argument("--force", action="store_true", help="replace a file that is there")
    add_output(parser)


def run(args: Namespace, console: Console) -> int:
    """Convert, and show what was read, written and lost."""
    from tuneful.core.report import Report
    from tuneful.core.units import rows
    from tuneful.data.converting.convert import Asked, convert

    asked = Asked(
        source=args.source,
        to=args.to,
        output=Path(args.output),
        read_as=args.read_as,
        columns=_columns(args.column),
        query=args.query,
        may_lose=args.lossy,
        skip_bad=args.skip_bad,
        force=args.force,
    )
    done = convert(asked, console.listener)
    facts: dict[str, Any] = {
        "file": args.output,
        "from": done.read_as,
        "to": args.to,
        "rows": done.row_type,
        "num_rows": done.num_rows,
        "num_bad": done.num_bad,
        "num_unheld": done.num_unheld,
        "lost": done.lost,
        "listed": done.listed,
    }
    title = f"{rows(done.num_rows)} from {done.read_as} to {args.to}, in {args.output}"
    console.report(Report(title, findings=list(_findings(done, args.to)), facts=facts))
    return 0


def _columns(words: Sequence[str]) -> dict[str, str]:
    from tuneful.core.errors import RecipeError

    pairs = [word.partition("=") for word in words]
    for ours, sign, theirs in pairs:
        if not (ours and sign and theirs):
            raise RecipeError(
                f"{ours + sign + theirs!r} names no column.",
                where="--column",
                fix="Write --column text=body: our name, then the source's.",
            )
    return {ours: theirs for ours, _, theirs in pairs}


def _findings(done: Converted, to: str) -> Iterator[Finding]:
    from tuneful.core.report import Finding, Level
    from tuneful.core.units import rows

    yield done.found
    yield from (Finding(Level.NOTE, "source", note) for note in done.notes)
    listed = f"{done.listed} beside the file lists them all."
    if done.num_bad:
        title = f"{rows(done.num_bad)} could not be read and were left out."
        yield Finding(
            Level.WARNING, "skipped-rows", title, fix=f"Mend them in the source; {listed}"
        )
    if done.num_unheld:
        title = f"{rows(done.num_unheld)} cannot be written as {to} and were left out."
        yield Finding(Level.WARNING, "unheld-rows", title, fix=listed)
    if done.lost:
        counts = ", ".join(f"{what} of {rows(number)}" for what, number in done.lost.items())
        title = f"What {to} cannot hold was left out."
        yield Finding(Level.WARNING, "lost", title, evidence=counts, fix=listed)
    if done.recognised != to:
        seen = f"will be recognised as {done.recognised}" if done.recognised else "fits several"
        yield Finding(
            Level.NOTE,
            "recognised-as",
            f"By itself the file {seen}: both forms look alike.",
            fix=f"Set data.format: {to} where that matters.",
        )


COMMAND = Command("write the rows of a source in another format", add, run)
