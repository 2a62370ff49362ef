"""tuneful run: the whole way, from rows to a measured model with its card."""

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
    """The whole way, to one screen; 3 where the model is worse than its base or fails the gate."""
    from tuneful.cli.screen import show_outcome
    from tuneful.core.report import Level
    from tuneful.workflow import run as run_all
    from tuneful.workflow import verdict

    asked = recipe_of(args, console)
    outcome = run_all(
        asked.recipe, listener=console.listener, gate=gate_of(args), written=asked.written
    )
    model = outcome.trained.model
    value = {
        **outcome.report.to_json(),
        "model": str(model.path),
        "run": model.manifest["run"],
        "seconds": outcome.seconds,
        "changes": outcome.trained.changes,
        "measured": model.manifest["measured"],
    }
    gate = None
    if asked.recipe.gate is not None:
        found = outcome.trained
        gate = verdict(model, found.recipe, found.data, listener=console.listener)
        value["gate"] = gate.to_json()
    console.result(value)
    if not console.is_json:
        show_outcome(outcome, console.out)
        if gate is not None:
            console.result(None, f"\n{console.rendered(gate)}")
    reports = [outcome.report, *([gate] if gate else [])]
    return 3 if any(report.worst() == Level.ERROR for report in reports) else 0


COMMAND = Command("prepare, plan, train, evaluate: the whole way", add, run)
