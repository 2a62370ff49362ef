"""What every command is made of, and the flags that several share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable

    from tuneful.cli.console import Console
    from tuneful.workflow import Gate

LEVELS = ("note", "warning", "error", "never")


@dataclass(frozen=True)
class Command:
    """One word of the command line.

    Attributes:
        summary: One line for --help.
        add: Adds its arguments.
        run: Does it, and returns the exit code.
    """

    summary: str
    add: Callable[[ArgumentParser], None]
    run: Callable[[Namespace, Console], int]


def add_recipe(parser: ArgumentParser, *, data_too: bool = False, run_too: bool = False) -> None:
    """RECIPE, --set and --skip-bad.

    With `data_too` rows may stand in the recipe's place; with `run_too` a run, or a model's folder.
    """
    if run_too:
        text = "a run (its folder, name, or last), a model's folder, or a recipe file"
        parser.add_argument("recipe", metavar="RUN|RECIPE", help=text)
    elif data_too:
        parser.add_argument("recipe", metavar="RECIPE|DATA", help="a recipe file, or rows to learn")
        parser.add_argument("--model", help="what to tune, where rows are given and no recipe")
    else:
        parser.add_argument("recipe", metavar="RECIPE", help="a recipe file (YAML)")
    parser.add_argument(
        "--set",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="change a recipe key: --set train.epochs=2 (may be repeated)",
    )
    parser.add_argument(
        "--skip-bad",
        dest="set",
        action="append_const",
        const="data.skip_bad=true",
        help="leave out rows that cannot be read, and list them: --set data.skip_bad=true",
    )


def add_output(parser: ArgumentParser) -> None:
    """--json and --quiet."""
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.add_argument("--quiet", action="store_true", help="no progress, only the result")


def add_gate(parser: ArgumentParser) -> None:
    """--fail-on, --yes and --fix."""
    parser.add_argument(
        "--fail-on",
        choices=LEVELS,
        default="error",
        help="findings of this level or above stop the work (default: error)",
    )
    parser.add_argument(
        "--yes", action="store_true", help="go on whatever is found: --fail-on never"
    )
    parser.add_argument(
        "--fix", action="store_true", help="mend what findings say a machine can mend"
    )


def gate_of(args: Namespace) -> Gate:
    """What the checks may do, from the flags."""
    from tuneful.core.report import Level
    from tuneful.workflow import Gate

    level = None if args.yes or args.fail_on == "never" else Level[args.fail_on.upper()]
    return Gate(fail_on=level, fix=args.fix)
