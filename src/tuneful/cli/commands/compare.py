"""tuneful compare: several models on the same rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuneful.cli.commands.base import Command, add_output

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from tuneful.cli.console import Console


def add(parser: ArgumentParser) -> None:
    """Its flags."""
    parser.add_argument(
        "models",
        metavar="MODEL",
        nargs="+",
        help="run:NAME, a model folder, or an untuned model; the others are held against the first",
    )
    parser.add_argument(
        "--recipe",
        help="test all on this recipe's test rows (default: those of the first tuned model)",
    )
    parser.add_argument(
        "--set",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="with --recipe, change a key of it (may be repeated)",
    )
    parser.add_argument(
        "--metrics", metavar="A,B", default="", help="instead of the recipe's own metrics"
    )
    parser.add_argument(
        "--until-clear",
        action="store_true",
        help="ask rows in random order, and stop once it is clear by the first metric",
    )
    add_output(parser)


def run(args: Namespace, console: Console) -> int:
    """Ask every model the same rows, and show the differences."""
    from tuneful.core.errors import RecipeError
    from tuneful.recipe.schema import Recipe
    from tuneful.workflow.contest import compare

    if args.set and not args.recipe:
        raise RecipeError(
            "--set changes keys of a recipe, and none is named.",
            where=f"--set {args.set[0]}",
            fix="Add --recipe FILE.",
        )
    recipe = Recipe.load(args.recipe, args.set) if args.recipe else None
    metrics = [name.strip() for name in args.metrics.split(",") if name.strip()]
    report = compare(
        args.models,
        recipe,
        listener=console.listener,
        metrics=metrics,
        until_clear=args.until_clear,
    )
    console.report(report)
    return 0


COMMAND = Command("several models on the same rows, with paired differences and tests", add, run)
