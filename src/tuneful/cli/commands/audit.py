"""tuneful audit: what tuning may have broken."""

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
    parser.add_argument(
        "--only", metavar="NAMES", help="audits, by comma: --set audit.audits=[NAMES]"
    )
    add_output(parser)


def run(args: Namespace, console: Console) -> int:
    """Audit the model of a run or a recipe; 3 where a finding is an error."""
    from tuneful.core.report import Level
    from tuneful.core.store import Store
    from tuneful.workflow import audit
    from tuneful.workflow.reported import page_of

    store = Store.default()
    changes = [f"audit.audits=[{args.only}]"] if args.only else []
    recipe, data, model = model_of(args, store, console, changes)
    report = audit(model, recipe, data, store=store, listener=console.listener)
    page = page_of(model, recipe, data, store)
    console.report(report, model=str(model.path), page=str(page))
    console.say(f"\nThe same as a page: {page}")
    return 3 if report.worst() == Level.ERROR else 0


COMMAND = Command("look for what tuning broke: bias, robustness and more", add, run)
