"""tuneful evaluate: a trained model against its base."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuneful.cli.commands.base import Command, add_output, add_recipe

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from tuneful.cli.console import Console


def add(parser: ArgumentParser) -> None:
    """Its flags."""
    add_recipe(parser)
    parser.add_argument(
        "--model", help="a model folder or run:name; by default the recipe's own model"
    )
    add_output(parser)


def run(args: Namespace, console: Console) -> int:
    """Measure the recipe's model on its test rows; 3 where it is worse than its base."""
    from tuneful.core.report import Level
    from tuneful.core.store import Store
    from tuneful.recipe.schema import Recipe
    from tuneful.workflow import evaluate, find_model, prepare

    recipe, store = Recipe.load(args.recipe, args.set), Store.default()
    data = prepare(recipe, store=store, listener=console.listener)
    model = find_model(recipe, data, store, args.model, console.listener)
    report = evaluate(model, recipe, data, store=store, listener=console.listener)
    console.report(report, model=str(model.path))
    return 3 if report.worst() == Level.ERROR else 0


COMMAND = Command("measure a trained model against its base, with intervals", add, run)
