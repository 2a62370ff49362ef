"""tuneful sweep: train a recipe with values that are searched for."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from tuneful.cli.commands.base import Command, add_output, add_recipe

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Sequence

    from tuneful.cli.console import Console
    from tuneful.core.report import Cell, Report
    from tuneful.workflow.sweep import Tried

TRIALS = 10


def add(parser: ArgumentParser) -> None:
    """Its flags."""
    add_recipe(parser)
    parser.add_argument(
        "--vary",
        metavar="KEY=VALUES",
        action="append",
        default=[],
        help="what to search: train.learning_rate=1e-5..1e-3 or adapter=full,lora (repeated)",
    )
    parser.add_argument(
        "--trials", type=int, default=TRIALS, help=f"how many in all (default: {TRIALS})"
    )
    parser.add_argument(
        "--evaluate", action="store_true", help="measure every trial on the test rows, too"
    )
    parser.add_argument(
        "--draw", metavar="FILE.svg", help="draw gain against forgetting; evaluates every trial"
    )
    add_output(parser)


def run(args: Namespace, console: Console) -> int:
    """Try, and show what each trial came to, the best one first."""
    from tuneful.core.store import Store
    from tuneful.recipe.schema import Recipe
    from tuneful.workflow.space import read_space
    from tuneful.workflow.sweep import Sweep

    recipe = Recipe.load(args.recipe, args.set)
    evaluates = args.evaluate or args.draw is not None
    space, place = read_space(args.vary), Store.default()
    sweep = Sweep(recipe, space, place, args.trials, evaluates, console.listener)
    tried = sorted(sweep.run(), key=_rank)
    if args.draw is not None:
        _draw(Path(args.draw), tried, recipe.method.name)
    console.result({"trials": [asdict(one) for one in tried], "kept_in": str(sweep.path)})
    if not console.is_json:
        console.report(_report(tried, str(sweep.path), evaluates=evaluates))
    return 0


def _rank(one: Tried) -> tuple[bool, bool, float]:
    """Finished ones by loss, then those broken off, then those that failed."""
    return one.state != "complete", one.loss is None, one.loss or 0.0


def _draw(path: Path, tried: Sequence[Tried], method: str) -> None:
    from tuneful.core.errors import DataError
    from tuneful.methods import METHODS
    from tuneful.workflow.gain_chart import gain_chart

    if not any(one.forgot is not None and one.gain is not None for one in tried):
        raise DataError(
            "There is nothing to draw: no trial has both a gain and a change on general text.",
            where="--draw",
            fix="Draw sweeps of language models with evaluate.base and remember.text set.",
        )
    path.write_text(gain_chart(tried, METHODS[method].metrics[0]), encoding="utf-8")


def _report(tried: Sequence[Tried], kept_in: str, *, evaluates: bool) -> Report:
    from tuneful.core.report import Report, Table

    keys = list(tried[0].values) if tried else []
    more = ["gain", "general text"] if evaluates else []
    rows: list[list[Cell]] = [
        [
            one.number,
            *(one.values.get(key) for key in keys),
            one.state,
            one.loss,
            *((one.gain, one.forgot) if evaluates else ()),
            one.note or Path(one.model).name,
        ]
        for one in tried
    ]
    columns = ["trial", *keys, "state", "validation loss", *more, "model"]
    return Report("Sweep", tables=[Table("Trials", columns, rows, f"Kept in {kept_in}.")])


COMMAND = Command("search for a recipe's best values, trial by trial", add, run)
