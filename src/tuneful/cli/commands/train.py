"""tuneful train: a recipe, or rows alone, become a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuneful.cli.asked import recipe_of
from tuneful.cli.commands.base import Command, add_gate, add_output, add_recipe, gate_of

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from tuneful.cli.console import Console


def add(parser: ArgumentParser) -> None:
    """Its flags."""
    add_recipe(parser, data_too=True)
    add_output(parser)
    add_gate(parser)


def run(args: Namespace, console: Console) -> int:
    """Prepare, plan, check and train."""
    from tuneful.cli.screen import trained_text
    from tuneful.core.store import Store
    from tuneful.workflow import train_recipe

    asked = recipe_of(args, console)
    trained = train_recipe(
        asked.recipe,
        Store.default(),
        console.listener,
        gate=gate_of(args),
        written=asked.written,
    )
    model = trained.model
    value = {
        "model": str(model.path),
        "run": model.manifest["run"],
        "was_done": trained.was_done,
        "changes": trained.changes,
        "measured": model.manifest["measured"],
    }
    console.result(value, trained_text(trained, asked.words))
    return 0


COMMAND = Command("train a model from a recipe, or from rows and --model alone", add, run)
