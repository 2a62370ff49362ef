"""tuneful gate: whether a tuned model shows what the recipe asks of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuneful.cli.asked import model_of
from tuneful.cli.commands.base import Command, add_output, add_recipe

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from tuneful.cli.console import Console


def add(parser: ArgumentParser) -> None:
    """Its flags."""
    add_recipe(parser, run_too=True)
    parser.add_argument("--model", help="with a recipe: a model folder or run:name")
    add_output(parser)


def run(args: Namespace, console: Console) -> int:
    """Evaluate and audit where that is not done, then judge; 3 where the model does not pass."""
    from tuneful.core.report import Level
    from tuneful.core.store import Store
    from tuneful.workflow import verdict

    store = Store.default()
    recipe, data, model = model_of(args, store, console)
    report = verdict(model, recipe, data, store=store, listener=console.listener)
    console.report(report, model=str(model.path))
    return 3 if report.worst() == Level.ERROR else 0


COMMAND = Command("let a model pass, or not, by the recipe's gate", add, run)
