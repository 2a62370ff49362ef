"""tuneful show: what is known of a run."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuneful.cli.commands.base import Command
from tuneful.cli.said import ORDERS, Wanted, choose, shown

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
    parser.add_argument(
        "--rollouts",
        nargs="?",
        const="best",
        choices=ORDERS,
        help="the answers that the model gave and learned from: best (default) or worst reward "
        "first, those that no grader could score (failed), or in their order (first)",
    )
    parser.add_argument("--step", type=int, metavar="N", help="only what this step learned from")
    parser.add_argument("--skip", type=int, default=0, metavar="N", help="leave out the first N")
    parser.add_argument(
        "--most", type=int, default=10, metavar="N", help="answers to show (default: 10)"
    )


def run(args: Namespace, console: Console) -> int:
    """Show a run's state, recipe, last step and reports."""
    from tuneful.core.page import to_html
    from tuneful.core.report import Report
    from tuneful.core.run import Run
    from tuneful.core.store import Store

    found = Run(Store.default().find_run(args.run))
    if args.rollouts or args.step is not None:
        order = args.rollouts or "first"
        return _show_said(found, Wanted(order, args.step, max(0, args.skip), args.most), console)
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


def _show_said(found: Run, wanted: Wanted, console: Console) -> int:
    """Show a page of the answers, and how to go on."""
    chosen = choose(found, wanted)
    if console.is_json:
        console.result({"run": str(found.path), **asdict(wanted), "answers": chosen})
        return 0
    width, color = console.width(console.out), console.has_color(console.out)
    blocks = [shown(one, console.out, width, color=color) for one in chosen]
    console.result(None, "\n\n".join(blocks))
    if not chosen:
        console.say("There are no such answers.")
    elif len(chosen) == wanted.most:
        console.say(f"More: --skip {wanted.skip + wanted.most}")
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


COMMAND = Command("show a run: state, recipe, steps, reports and sampled answers", add, run)
