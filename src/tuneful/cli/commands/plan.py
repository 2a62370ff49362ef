"""tuneful plan: what a run will take, before it runs."""

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
    """Plan, and show it; 3 where a finding is an error."""
    from tuneful.core.report import Level
    from tuneful.planning.outcome import report
    from tuneful.recipe.schema import Recipe
    from tuneful.workflow import plan

    shown = report(plan(Recipe.load(args.recipe, args.set), listener=console.listener))
    console.report(shown)
    return 3 if shown.worst() == Level.ERROR else 0


COMMAND = Command("say what a recipe will take, and why each setting is as it is", add, run)
