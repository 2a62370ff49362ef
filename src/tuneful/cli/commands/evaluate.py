"""tuneful evaluate: a trained model against its base."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tuneful.cli.commands.base import Command, add_output, add_recipe

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from tuneful.cli.console import Console
    from tuneful.core.store import Store
    from tuneful.data.dataset import Dataset
    from tuneful.models.model import Model
    from tuneful.recipe.schema import Recipe


def add(parser: ArgumentParser) -> None:
    """Its flags."""
    add_recipe(parser, run_too=True)
    parser.add_argument(
        "--model", help="with a recipe: a model folder or run:name; by default its own model"
    )
    parser.add_argument(
        "--data",
        metavar="SOURCE",
        help="other rows than the recipe's to test on, as in data.source; data.test_where chooses "
        "some of them, and data.columns says what their columns are",
    )
    parser.add_argument("--long", action="store_true", help="show every slice and the examples")
    add_output(parser)


def run(args: Namespace, console: Console) -> int:
    """Measure the recipe's model on its test rows; 3 where it is worse than its base."""
    from dataclasses import replace

    from tuneful.core.report import Level
    from tuneful.core.store import Store
    from tuneful.evaluating.analysing.listing import long_tables
    from tuneful.evaluating.analysing.page import PAGE
    from tuneful.evaluating.elsewhere import place_of
    from tuneful.workflow import evaluate

    store = Store.default()
    recipe, data, model = _asked(args, store, console)
    report = evaluate(model, recipe, data, store=store, listener=console.listener)
    page = place_of(model, data, store) / PAGE
    if args.long and "analysis" in report.facts and not console.is_json:
        tables = [*report.tables, *long_tables(report.facts["analysis"])]
        report = replace(report, tables=tables)
    console.report(report, model=str(model.path), page=str(page))
    console.say(f"\nThe page with plots and examples: {page}")
    return 3 if report.worst() == Level.ERROR else 0


def _asked(args: Namespace, store: Store, console: Console) -> tuple[Recipe, Dataset, Model]:
    """The recipe, the rows to test on, and the model."""
    from tuneful.recipe.change import with_changes
    from tuneful.recipe.load import assignment
    from tuneful.workflow import prepare
    from tuneful.workflow.elsewhere import on_other_rows

    if args.data is None:
        return _trained(args, args.set, store, console)
    before = [change for change in args.set if not change.startswith("data.")]
    recipe, _, model = _trained(args, before, store, console)
    about_rows = dict(assignment(change) for change in args.set if change not in before)
    other = on_other_rows(with_changes(recipe, about_rows), args.data, model)
    return other, prepare(other, store=store, listener=console.listener), model


def _trained(
    args: Namespace, changes: list[str], store: Store, console: Console
) -> tuple[Recipe, Dataset, Model]:
    """A recipe with its rows and model; or a run's, or a model's."""
    from tuneful.recipe.load import assignment
    from tuneful.recipe.schema import Recipe
    from tuneful.workflow import find_model, find_recipe, prepare

    if Path(args.recipe).suffix.lower() in {".yaml", ".yml"}:
        recipe = Recipe.load(args.recipe, changes)
        data = prepare(recipe, store=store, listener=console.listener)
        return recipe, data, find_model(recipe, data, store, args.model, console.listener)
    recipe, model = find_recipe(args.recipe, store, dict(map(assignment, changes)))
    return recipe, prepare(recipe, store=store, listener=console.listener), model


COMMAND = Command("measure a trained model against its base, with intervals", add, run)
