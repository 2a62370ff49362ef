"""tuneful data: look at rows, at the tokens they become, and at two data sets side by side."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuneful.cli.commands.base import Command, add_output, add_recipe

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from tuneful.cli.console import Console

ORDERS = ("first", "longest", "shortest", "random")
SPLITS = ("train", "validation", "test")
SCALES = ("nominal", "ordinal", "interval")


def add(parser: ArgumentParser) -> None:
    """Its words and their flags."""
    below = parser.add_subparsers(metavar="WHAT", dest="what", required=True)
    look = below.add_parser("look", help="page through rows, by filters", allow_abbrev=False)
    look.add_argument("data", metavar="DATASET", help="a folder, a name in the store, last, or a "
                      "recipe (YAML)")  # fmt: skip
    look.add_argument("--split", choices=SPLITS, help="only rows of this split")
    look.add_argument("--label", default="", help="only rows of this class")
    look.add_argument("--contains", metavar="TEXT", default="", help="only rows that hold this")
    look.add_argument("--found", metavar="CODE", default="", help="only rows that this finding "
                      "lists: html, private, doubtful-labels")  # fmt: skip
    look.add_argument("--row", type=int, action="append", default=[], metavar="N",
                      help="only this row of the source (may be repeated)")  # fmt: skip
    look.add_argument("--order", choices=ORDERS, default="first", help="default: first")
    look.add_argument("--skip", type=int, default=0, metavar="N", help="leave out the first N")
    look.add_argument("--most", type=int, default=10, metavar="N", help="rows to show (default: "
                      "10)")  # fmt: skip
    add_output(look)
    tokens = below.add_parser("tokens", help="each token of a row, learned or not",
                              allow_abbrev=False)  # fmt: skip
    add_recipe(tokens, data_too=True)
    tokens.add_argument("--split", choices=SPLITS, default="train", help="default: train")
    tokens.add_argument("--row", type=int, default=0, metavar="N", help="number in the split, from "
                        "0 (default)")  # fmt: skip
    tokens.add_argument("--most", type=int, default=3, metavar="N", help="rows from there on "
                        "(default: 3)")  # fmt: skip
    tokens.add_argument("--html", metavar="FILE", help="write them as a page")
    add_output(tokens)
    _add_report(below)
    _add_agreement(below)
    diff = below.add_parser("diff", help="what a second data set has otherwise", allow_abbrev=False)
    diff.add_argument("one", metavar="A", help="as DATASET of look")
    diff.add_argument("other", metavar="B", help="as DATASET of look")
    add_output(diff)


def _add_report(below: Any) -> None:
    report = below.add_parser("report", help="languages, lengths, copies, tokens and their cost",
                              allow_abbrev=False)  # fmt: skip
    report.add_argument("data", metavar="DATASET", help="as DATASET of look; a recipe names the "
                        "model whose tokens are counted")  # fmt: skip
    report.add_argument("--rows", type=int, default=2000, metavar="N", help="training rows whose "
                        "tokens are counted (default: 2000; 0: all, exactly)")  # fmt: skip
    report.add_argument("--usd", type=float, metavar="PRICE", help="of a million tokens")
    report.add_argument("--html", metavar="FILE", help="write it as a page")
    add_output(report)


def _add_agreement(below: Any) -> None:
    agreement = below.add_parser("agreement", help="how far people who rated the same rows agree",
                                 allow_abbrev=False)  # fmt: skip
    agreement.add_argument("source", metavar="SOURCE", help="as data.source of a recipe")
    agreement.add_argument("--ratings", required=True, metavar="COLUMNS", help="one for each "
                           "person (anna,bob), or one that holds a list")  # fmt: skip
    agreement.add_argument("--scale", choices=SCALES, default="nominal", help="names, an order, or "
                           "numbers (default: nominal)")  # fmt: skip
    agreement.add_argument("--most", type=int, default=10, metavar="N", help="disputed rows to "
                           "show (default: 10)")  # fmt: skip
    add_output(agreement)


def run(args: Namespace, console: Console) -> int:
    """Show what is asked for."""
    shown = {"look": _look, "tokens": _tokens, "report": _report, "agreement": _agreement}
    return {**shown, "diff": _diff}[args.what](args, console)


def _look(args: Namespace, console: Console) -> int:
    from tuneful.cli.rows import dataset_of, row_shown
    from tuneful.data.showing.looking import Wanted, choose

    data = dataset_of(args.data, console)
    wanted = Wanted(args.split or "", args.label, args.contains, args.found, tuple(args.row),
                    args.order, max(0, args.skip), args.most)  # fmt: skip
    chosen = choose(data, wanted)
    if console.is_json:
        rows = [asdict(one) for one in chosen]
        console.result({"dataset": str(data.path), **asdict(wanted), "chosen": rows})
        return 0
    width, color = console.width(console.out), console.has_color(console.out)
    blocks = [row_shown(one, console.out, width, color=color) for one in chosen]
    console.result(None, "\n\n".join(blocks))
    if not chosen:
        console.say("There are no such rows.")
    elif len(chosen) == wanted.most:
        console.say(f"More: --skip {wanted.skip + wanted.most}")
    return 0


def _tokens(args: Namespace, console: Console) -> int:
    from tuneful.cli.asked import recipe_of
    from tuneful.cli.rows import tokens_shown
    from tuneful.core.errors import DataError
    from tuneful.core.store import Store
    from tuneful.planning.tokens import to_json, to_page, tokens_of
    from tuneful.workflow import prepare

    recipe, store = recipe_of(args, console).recipe, Store.default()
    data = prepare(recipe, listener=console.listener)
    total = data.num_rows(args.split)
    if not 0 <= args.row < total or args.most < 1:
        raise DataError(
            f"The split {args.split} has {total:,} rows, none of them number {args.row}.",
            where="--row",
            fix="Rows count from 0; --split names another split.",
        )
    rows = [(args.split, n) for n in range(args.row, min(total, args.row + args.most))]
    shown = tokens_of(recipe, data, rows, store, console.listener)
    if args.html:
        Path(args.html).write_text(to_page(shown), encoding="utf-8")
        console.say(f"Wrote {args.html}.")
        return 0
    color = console.has_color(console.out)
    texts = [tokens_shown(one, color=color) for one in shown]
    console.result([to_json(one) for one in shown], "\n\n".join(texts))
    return 0


def _report(args: Namespace, console: Console) -> int:
    from tuneful.cli.rows import dataset_of, is_recipe
    from tuneful.recipe.schema import Recipe
    from tuneful.workflow.portrait import portrait

    data = dataset_of(args.data, console)
    recipe = Recipe.load(args.data) if is_recipe(args.data) else None
    made = portrait(
        data, recipe, num_rows=max(0, args.rows), usd=args.usd, listener=console.listener
    )
    if args.html:
        Path(args.html).write_text(made.page, encoding="utf-8")
    console.report(made.report, dataset=str(data.path))
    if recipe is None and not console.is_json:
        console.say("A recipe in the data set's place says what an epoch takes in tokens.")
    if args.html:
        console.say(f"Wrote {args.html}.")
    return 0


def _agreement(args: Namespace, console: Console) -> int:
    from tuneful.data.showing.agreed import agreed
    from tuneful.data.sources import open_source

    source = open_source(args.source, console.listener)
    columns = [name.strip() for name in args.ratings.split(",")]
    console.report(agreed(source, columns, args.scale, most=max(0, args.most)))
    return 0


def _diff(args: Namespace, console: Console) -> int:
    from tuneful.cli.rows import dataset_of
    from tuneful.data.showing.compare import compare

    one, other = dataset_of(args.one, console), dataset_of(args.other, console)
    console.report(compare(one, other))
    return 0


COMMAND = Command("look at rows, at their tokens, or at two data sets side by side", add, run)
