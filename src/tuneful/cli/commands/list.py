"""tuneful list: what there is."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuneful.cli.commands.base import Command
from tuneful.data.rows import kinds_of

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from tuneful.cli.console import Console
    from tuneful.core.registry import Registry
    from tuneful.core.report import Cell
    from tuneful.core.store import Store

KINDS = ("runs", "models", "gains", "datasets", "packages", "methods", "adapters", "graders",
         "cleaners", "optimizers", "selectors", "augmenters", "formats", "metrics",
         "audits", "sources", "tasks")  # fmt: skip
KEPT = ("runs", "models", "datasets")
"""What stands in folders of the store."""


def add(parser: ArgumentParser) -> None:
    """Its flags."""
    parser.add_argument("kind", choices=KINDS, nargs="?", default="runs", help="default: runs")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def run(args: Namespace, console: Console) -> int:
    """Show runs, finished folders, pinned packages or plug-ins."""
    from tuneful.core.report import Report, Table
    from tuneful.core.store import Store

    rows = _rows(args.kind, Store.default())
    if console.is_json:
        console.result(rows)
        return 0
    if not rows:
        console.say(f"There are no {args.kind} yet in {Store.default().home}.")
        return 0
    columns, cells = _for_a_person(rows)
    place = f"in {Store.default().home / args.kind}" if args.kind in KEPT else ""
    console.report(Report("", tables=[Table(args.kind, columns, cells, note=place)]))
    return 0


def _for_a_person(rows: list[dict[str, Any]]) -> tuple[list[str], list[list[Cell]]]:
    """Columns and cells without the long paths, which programs get: names will do."""
    columns = [name for name in rows[0] if name != "folder"]
    return columns, [
        [Path(row[name]).name if name == "model" else row[name] for name in columns] for row in rows
    ]


def _rows(kind: str, store: Store) -> list[dict[str, Any]]:
    if kind == "runs":
        return [_run(path) for path in store.list_runs()]
    if kind in {"models", "datasets"}:
        return [_artifact(path) for path in store.list_artifacts(kind)]
    if kind == "gains":
        from tuneful.evaluating.gains import gains

        return gains(store)
    if kind == "packages":
        from tuneful.core.assets import assets

        return [
            {"name": f"package:{known.name}", "licence": known.licence, "what": known.summary}
            for known in assets().values()
        ]
    if kind == "tasks":
        from tuneful.evaluating.tasks import shipped

        return [_task(name) for name in shipped()]
    table = _table(kind)
    return [{"name": name} | _said(table[name]) for name in table]


def _task(name: str) -> dict[str, Any]:
    from tuneful.evaluating.tasks import known

    file = known(name)
    return {"name": name, "what": file.about, "questions": len(file.rows) or file.source}


def _said(part: Any) -> dict[str, str]:
    """What a part says of itself: one line, the rows it learns from, where it was published."""
    found = {"what": (part.__doc__ or "").strip().partition("\n")[0]}
    if hasattr(part, "rows"):
        rows = part.rows
        found["rows"] = rows if isinstance(rows, str) else " ".join(kinds_of(part))
    if hasattr(part, "paper"):
        found["paper"] = part.paper
    return found


def _table(kind: str) -> Registry[Any]:
    from tuneful.auditing.audits import AUDITS
    from tuneful.data.augmenting import AUGMENTERS
    from tuneful.data.cleaning import CLEANERS
    from tuneful.data.formats import FORMATS
    from tuneful.data.selecting import SELECTORS
    from tuneful.data.sources import SOURCES
    from tuneful.evaluating.metrics import METRICS
    from tuneful.grading.graders import GRADERS
    from tuneful.methods import METHODS
    from tuneful.models.adapters import ADAPTERS
    from tuneful.training.optimizers import OPTIMIZERS

    tables: dict[str, Registry[Any]] = {
        "methods": METHODS,
        "adapters": ADAPTERS,
        "graders": GRADERS,
        "cleaners": CLEANERS,
        "optimizers": OPTIMIZERS,
        "selectors": SELECTORS,
        "augmenters": AUGMENTERS,
        "formats": FORMATS,
        "metrics": METRICS,
        "audits": AUDITS,
        "sources": SOURCES,
    }
    return tables[kind]


def _run(path: Any) -> dict[str, Any]:
    from tuneful.core.run import Run

    run = Run(path)
    return {"run": path.name, "state": run.state, "model": run.facts.get("model", "")}


def _artifact(path: Any) -> dict[str, Any]:
    from tuneful.core.artifact import MANIFEST, Artifact

    manifest = Artifact.open(path).manifest
    made = time.strftime("%Y-%m-%d %H:%M", time.localtime((path / MANIFEST).stat().st_mtime))
    what = manifest.get("base") or manifest.get("source", "")
    return {"name": path.name, "made": made, "from": what, "folder": str(path)}


COMMAND = Command("list runs, models and their gains, datasets, packages or plug-ins", add, run)
