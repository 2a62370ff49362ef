"""tuneful schema: the recipe's JSON Schema, for editors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuneful.cli.commands.base import Command

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from tuneful.cli.console import Console


def add(parser: ArgumentParser) -> None:
    """It has no flags."""
    del parser


def run(args: Namespace, console: Console) -> int:
    """Print it."""
    from tuneful.recipe.forms import json_schema

    del args
    console.is_json = True
    console.result(json_schema())
    return 0


COMMAND = Command("print the JSON Schema of recipes, for editors", add, run)
