"""What tuning gained, model by model: read from the evaluations that stand in model folders."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tuneful.core.artifact import MANIFEST
from tuneful.evaluating.evaluate import EVALUATION
from tuneful.evaluating.summary import interval
from tuneful.models.model import Model

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tuneful.core.store import Store


def gains(store: Store) -> list[dict[str, Any]]:
    """Base, tuned and difference of each metric of each evaluated model, the newest of a name.

    Values are texts with their 95 % interval; "" where the base was not measured.
    """
    folders = [path for path in store.list_artifacts("models") if (path / EVALUATION).exists()]
    folders.sort(key=lambda path: (path / MANIFEST).stat().st_mtime)
    newest = {Model.open(path).name: path for path in folders}
    return [row for name, path in newest.items() for row in _rows(name, path)]


def _rows(name: str, folder: Path) -> Iterator[dict[str, Any]]:
    facts = json.loads((folder / EVALUATION).read_text(encoding="utf-8"))["facts"]
    for known in facts["metrics"].values():
        share, base, apart = known["is_share"], known["base"], known["difference"]
        yield {
            "model": name,
            "metric": known["title"],
            "rows": facts["rows"],
            "base": interval(base, is_share=share) if base else "",
            "tuned": interval(known["tuned"], is_share=share),
            "difference": interval(apart, is_share=share, sign=True) if apart else "",
        }
