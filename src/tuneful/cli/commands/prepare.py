"""tuneful prepare: rows, checked and split."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuneful.cli.commands.base import Command, add_gate, add_output, add_recipe, gate_of

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from tuneful.cli.console import Console


def add(parser: ArgumentParser) -> None:
    """Its flags."""
    add_recipe(parser)
    add_gate(parser)
    add_output(parser)


def run(args: Namespace, console: Console) -> int:
    """Prepare, and show what was read and found; 3 where a finding is an error."""
    from tuneful.recipe.schema import Recipe
    from tuneful.workflow.gate import bad
    from tuneful.workflow.mending import prepare_mended

    gate = gate_of(args)
    recipe = Recipe.load(args.recipe, args.set)
    made = prepare_mended(recipe, listener=console.listener, gate=gate)
    report = made.data.report()
    console.report(report, dataset=str(made.data.path), mended=made.changes)
    if not console.is_json:
        for key, value in made.changes.items():
            console.say(f"Mended; to keep it, write into the recipe: {key}: {value}")
        console.say(f"Data set: {made.data.path} (report.html shows it)")
    return 3 if bad(report, gate) else 0


COMMAND = Command("read, check and split the rows of a recipe", add, run)
