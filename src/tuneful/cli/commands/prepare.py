"""tuneful prepare: rows, checked and split."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuneful.cli.commands.base import Command, add_output, add_recipe

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from tuneful.cli.console import Console


def add(parser: ArgumentParser) -> None:
    """Its flags."""
    add_recipe(parser)
    add_output(parser)


def run(args: Namespace, console: Console) -> int:
    """Prepare, and show what was read and found; 3 where a finding is an error."""
    from tuneful.core.report import Level
    from tuneful.recipe.schema import Recipe
    from tuneful.workflow import prepare

    data = prepare(Recipe.load(args.recipe, args.set), listener=console.listener)
    report = data.report()
    console.report(report, dataset=str(data.path))
    if not console.is_json:
        console.say(f"Data set: {data.path}")
    return 3 if report.worst() == Level.ERROR else 0


COMMAND = Command("read, check and split the rows of a recipe", add, run)
