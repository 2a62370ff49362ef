"""The commands. To add one: a file here and a line in COMMANDS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuneful.core.registry import Registry

if TYPE_CHECKING:
    from tuneful.cli.commands.base import Command

COMMANDS: Registry[Command] = Registry(
    "command",
    {
        "audit": "tuneful.cli.commands.audit:COMMAND",
        "chat": "tuneful.cli.commands.chat:COMMAND",
        "compare": "tuneful.cli.commands.compare:COMMAND",
        "completion": "tuneful.cli.commands.completion:COMMAND",
        "convert": "tuneful.cli.commands.convert:COMMAND",
        "data": "tuneful.cli.commands.data:COMMAND",
        "doctor": "tuneful.cli.commands.doctor:COMMAND",
        "evaluate": "tuneful.cli.commands.evaluate:COMMAND",
        "gate": "tuneful.cli.commands.gate:COMMAND",
        "list": "tuneful.cli.commands.list:COMMAND",
        "new": "tuneful.cli.commands.new:COMMAND",
        "plan": "tuneful.cli.commands.plan:COMMAND",
        "predict": "tuneful.cli.commands.predict:COMMAND",
        "prepare": "tuneful.cli.commands.prepare:COMMAND",
        "review": "tuneful.cli.commands.review:COMMAND",
        "run": "tuneful.cli.commands.run:COMMAND",
        "schema": "tuneful.cli.commands.schema:COMMAND",
        "select": "tuneful.cli.commands.select:COMMAND",
        "show": "tuneful.cli.commands.show:COMMAND",
        "sweep": "tuneful.cli.commands.sweep:COMMAND",
        "train": "tuneful.cli.commands.train:COMMAND",
    },
)
