"""Where an evaluation is kept; a model on other rows than its own, and how far it falls there.

The difference between two sets of rows is not paired. Its interval is made of both intervals by the
method of variance estimates recovery (Zou and Donner 2008, equation 1).
"""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tuneful.core.report import Finding, Level, Table
from tuneful.data.dataset import Dataset
from tuneful.data.splitting.arranged import content_hash
from tuneful.evaluating.analysing.facets import text_of
from tuneful.evaluating.analysing.shown import span

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from tuneful.core.report import Cell, Report
    from tuneful.core.store import Store
    from tuneful.data.rows import Row
    from tuneful.models.model import Model

EVALUATIONS = "evaluations"
"""Folder of the store for what models said of rows."""


def is_own(model: Model, data: Dataset) -> bool:
    """Whether the model was trained on this data set's training rows."""
    return data.hash == str(model.manifest["dataset"])


def place_of(model: Model, data: Dataset, store: Store) -> Path:
    """Where the evaluation is kept with its rows; the model's folder is given away."""
    return store.home / EVALUATIONS / f"{model.path.name}-on-{data.name}-{data.hash[:8]}"


def without_rows(report: Report) -> Report:
    """The evaluation as it may be given away with the model: numbers, but no row's text."""
    known = report.facts.get("analysis")
    if known is None:
        return report
    counts = {"counts": known["examples"]["counts"]}
    return replace(report, facts={**report.facts, "analysis": {**known, "examples": counts}})


def seen_in_training(model: Model, rows: Sequence[Row], store: Store) -> list[str] | None:
    """Of each row "yes" or "no": whether the model was trained with its text, but for case, spaces.

    Validation rows count, too: they chose the weights.
    None where these are not in the store any more, or no row is among them.
    """
    wanted = str(model.manifest["dataset"])
    folders = [path for path in store.list_artifacts("datasets") if path.name.endswith(wanted[:8])]
    known = next((data for data in map(Dataset.open, folders) if data.hash == wanted), None)
    if known is None:
        return None
    learned = {
        content_hash(text_of(row)) for split in ("train", "validation") for row in known.rows(split)
    }
    seen = ["yes" if content_hash(text_of(row)) in learned else "no" for row in rows]
    return seen if "yes" in seen else None


def beside_own(model: Model, data: Dataset, metrics: Mapping[str, Any]) -> dict[str, Any] | None:
    """Each metric here and on the model's own test rows; None where these were not asked."""
    path = model.path / "evaluation.json"
    if not path.exists():
        return None
    own = json.loads(path.read_text(encoding="utf-8"))["facts"]
    found = {
        name: {
            "title": known["title"],
            "is_share": known["is_share"],
            "better": known["better"],
            "own": own["metrics"][name]["tuned"],
            "here": known["tuned"],
            "difference": apart(own["metrics"][name]["tuned"], known["tuned"]),
        }
        for name, known in metrics.items()
        if name in own["metrics"]
    }
    return {"data": data.name, "own_rows": own["rows"], "metrics": found} if found else None


def apart(one: Mapping[str, float], other: Mapping[str, float]) -> dict[str, float]:
    """The second minus the first with its 95 % interval, of rows that have nothing in common.

    >>> known = apart(
    ...     {"value": 0.9, "low": 0.87, "high": 0.92}, {"value": 0.8, "low": 0.76, "high": 0.83}
    ... )
    >>> [round(known[key], 3) for key in ("value", "low", "high")]
    [-0.1, -0.145, -0.058]
    """
    value = other["value"] - one["value"]
    low = math.hypot(other["value"] - other["low"], one["high"] - one["value"])
    high = math.hypot(other["high"] - other["value"], one["value"] - one["low"])
    return {"value": value, "low": value - low, "high": value + high}


def elsewhere_table(facts: Mapping[str, Any]) -> Table:
    """Here and on the model's own test rows."""
    rows: list[list[Cell]] = [
        [
            known["title"],
            span(known["own"], known),
            span(known["here"], known),
            span(known["difference"], known, sign=True),
        ]
        for known in facts["metrics"].values()
    ]
    note = (
        f"The tuned model on {facts['own_rows']:,} test rows of the data it was trained on, and on "
        "these rows. The difference is between two sets of rows, not paired."
    )
    columns = ["metric", "its own rows", "these rows", "difference"]
    return Table("Here and at home", columns, rows, note)


def about_elsewhere(facts: Mapping[str, Any]) -> Iterator[Finding]:
    """Rows that were trained on, and a fall beyond chance."""
    if facts.get("seen_in_training"):
        yield Finding(
            Level.WARNING,
            "seen-in-training",
            f"{facts['seen_in_training']:,} of {facts['rows']:,} test rows stand among the "
            "model's training or validation rows.",
            fix="Leave them out: what was learned cannot be measured. Their slice is 'seen in "
            "training'.",
        )
    known = facts.get("elsewhere")
    if not known:
        return
    first = next(iter(known["metrics"].values()))
    change = first["difference"]
    is_worse = change["high"] < 0 if first["better"] == "higher" else change["low"] > 0
    if is_worse:
        yield Finding(
            Level.WARNING,
            "worse-elsewhere",
            f"The model does worse on these rows than on its own by {first['title']}.",
            evidence=f"{span(first['own'], first)} at home, {span(first['here'], first)} here: "
            f"{span(change, first, sign=True)}",
            fix="Train on some rows of this kind before it is used on them.",
        )
