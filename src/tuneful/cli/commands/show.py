"""tuneful show: what is known of a run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuneful.cli.commands.base import Command

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from tuneful.cli.console import Console
    from tuneful.core.report import Cell, Report
    from tuneful.core.run import Run


def add(parser: ArgumentParser) -> None:
    """Its flags."""
    parser.add_argument("run", metavar="RUN", help="a run's folder, a part of its name, or last")
    parser.add_argument("--html", metavar="FILE", help="write its reports as a page")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def run(args: Namespace, console: Console) -> int:
    """Show a run's state, recipe, last step and reports."""
    from tuneful.core.render import to_html
    from tuneful.core.report import Report
    from tuneful.core.run import Run
    from tuneful.core.store import Store

    found = Run(Store.default().find_run(args.run))
    reports = {
        path.stem: Report.from_json(json.loads(path.read_text(encoding="utf-8")))
        for path in sorted(found.reports.glob("*.json"))
    }
    recipe = (found.path / "recipe.yaml").read_text(encoding="utf-8")
    last = _last_step(found)
    if args.html:
        Path(args.html).write_text(to_html(_one(found.path.name, reports)), encoding="utf-8")
        console.say(f"Wrote {args.html}.")
        return 0
    if console.is_json:
        value = {
            "run": str(found.path),
            **found.facts,
            "state": found.state,
            "recipe": recipe,
            "last_step": last,
            "reports": {name: report.to_json() for name, report in reports.items()},
        }
        console.result(value)
        return 0
    texts = [console.rendered(_overview(found, last)), recipe]
    said = [report for report in reports.values() if report.findings or report.tables]
    texts += [console.rendered(report) for report in said]
    console.result(None, "\n".join(texts))
    return 0


def _one(title: str, reports: dict[str, Report]) -> Report:
    """All reports of a run as one."""
    from tuneful.core.report import Report

    return Report(
        title,
        findings=[finding for report in reports.values() for finding in report.findings],
        tables=[table for report in reports.values() for table in report.tables],
    )


def _overview(found: Run, last: dict[str, Any]) -> Any:
    from tuneful.core.report import Report, Table

    facts = {**found.facts, "state": found.state} | {
        f"last {name}": value for name, value in last.items()
    }
    rows: list[list[Cell]] = [
        [name, value if isinstance(value, str | int | float) else str(value)]
        for name, value in facts.items()
    ]
    return Report(found.path.name, tables=[Table("State", ["what", "value"], rows)])


def _last_step(found: Run) -> dict[str, Any]:
    """The newest whole line of metrics.jsonl that tells of a step."""
    if not found.metrics.exists():
        return {}
    lines = found.metrics.read_text(encoding="utf-8").splitlines()
    for line in reversed(lines):
        if line.endswith("}") and '"loss"' in line:
            return json.loads(line)
    return {}


COMMAND = Command("show a run: state, recipe, steps and reports", add, run)
