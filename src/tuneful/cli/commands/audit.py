"""tuneful audit: what tuning may have broken."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuneful.cli.commands.base import Command, add_output, add_recipe

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from tuneful.cli.console import Console
    from tuneful.core.store import Store
    from tuneful.data.dataset import Dataset
    from tuneful.models.model import Model
    from tuneful.recipe.schema import Recipe

RECIPES = (".yaml", ".yml")


def add(parser: ArgumentParser) -> None:
    """Its flags."""
    add_recipe(parser, run_too=True)
    parser.add_argument("--model", help="with a recipe: a model folder or run:name")
    parser.add_argument(
        "--only", metavar="NAMES", help="audits, by comma: --set audit.audits=[NAMES]"
    )
    parser.add_argument("--html", metavar="FILE", help="write the report as a page too")
    add_output(parser)


def run(args: Namespace, console: Console) -> int:
    """Audit the model of a run or a recipe; 3 where a finding is an error."""
    from tuneful.core.render import to_html
    from tuneful.core.report import Level
    from tuneful.core.store import Store
    from tuneful.workflow import audit

    store = Store.default()
    recipe, data, model = _asked(args, store, console)
    report = audit(model, recipe, data, store=store, listener=console.listener)
    if args.html:
        Path(args.html).write_text(to_html(report), encoding="utf-8")
    console.report(report, model=str(model.path))
    return 3 if report.worst() == Level.ERROR else 0


def _asked(args: Namespace, store: Store, console: Console) -> tuple[Recipe, Dataset, Model]:
    """The recipe, its rows and the model."""
    from tuneful.recipe.load import assignment
    from tuneful.recipe.schema import Recipe
    from tuneful.workflow import find_model, find_recipe, prepare

    changes: list[str] = list(args.set)
    if args.only:
        changes.append(f"audit.audits=[{args.only}]")
    if Path(args.recipe).suffix.lower() in RECIPES:
        recipe = Recipe.load(args.recipe, changes)
        data = prepare(recipe, store=store, listener=console.listener)
        return recipe, data, find_model(recipe, data, store, args.model, console.listener)
    values: dict[str, Any] = dict(map(assignment, changes))
    recipe, model = find_recipe(args.recipe, store, values)
    return recipe, prepare(recipe, store=store, listener=console.listener), model


COMMAND = Command("look for what tuning broke: bias, robustness and more", add, run)
