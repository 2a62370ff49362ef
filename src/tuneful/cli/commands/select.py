"""tuneful select: train a recipe on the rows of several selectors, against as many random rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuneful.cli.commands.base import Command, add_output, add_recipe

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from tuneful.cli.console import Console

FRACTIONS = "0.05,0.2"
SEEDS = 3


def add(parser: ArgumentParser) -> None:
    """Its flags."""
    add_recipe(parser)
    parser.add_argument(
        "--fractions",
        metavar="A,B",
        default=FRACTIONS,
        help=f"shares of the training rows to keep; 1 trains on all (default: {FRACTIONS})",
    )
    parser.add_argument(
        "--seeds", type=int, default=SEEDS, help=f"trainings of each (default: {SEEDS})"
    )
    parser.add_argument(
        "--selectors",
        metavar="A,B",
        default="",
        help="which ones (default: all that fit the rows); random is always among them",
    )
    add_output(parser)


def run(args: Namespace, console: Console) -> int:
    """Train what is missing, and show the metric by fraction."""
    from tuneful.core.store import Store
    from tuneful.recipe.schema import Recipe
    from tuneful.workflow.compared import compared
    from tuneful.workflow.selection import Selection

    recipe = Recipe.load(args.recipe, args.set)
    fractions = _numbers(args.fractions)
    names = [name.strip() for name in args.selectors.split(",") if name.strip()]
    selection = Selection(recipe, Store.default(), fractions, args.seeds, names, console.listener)
    console.report(compared(selection.run()))
    return 0


def _numbers(text: str) -> list[float]:
    from tuneful.core.errors import RecipeError

    try:
        return [float(part) for part in text.split(",") if part.strip()]
    except ValueError:
        raise RecipeError(
            f"--fractions {text} is no list of numbers.",
            where="--fractions",
            fix="--fractions 0.05,0.2",
        ) from None


COMMAND = Command("train on each selector's rows, and compare it with random rows", add, run)
