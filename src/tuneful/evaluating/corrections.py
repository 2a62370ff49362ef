"""Corrections of earlier mistakes: whether the tuned model gets every one of them right."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tuneful.core.report import Finding, Level, Table
from tuneful.core.units import percent
from tuneful.data.deriving.corrections import CORRECTIONS, key_of
from tuneful.evaluating.measures.classes import ClassSample
from tuneful.evaluating.measures.ratings import RatingSample
from tuneful.evaluating.predictions import ask_tuned, measure_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tuneful.core.events import Listener
    from tuneful.core.report import Cell
    from tuneful.core.store import Store
    from tuneful.data.dataset import Dataset
    from tuneful.data.rows import Row
    from tuneful.models.model import Model
    from tuneful.recipe.schema import Recipe

MOST_SHOWN = 20
LONGEST = 60


def ask_corrections(
    model: Model, recipe: Recipe, data: Dataset, store: Store, listener: Listener
) -> dict[str, Any] | None:
    """What the model says to each correction's input; None where the data set has none.

    A class is right if it is the one; a rating if it rounds to it; an answer if it is the same JSON
    value, or the same text but for spaces around it.
    """
    if not data.num_rows(CORRECTIONS):
        return None
    rows = list(data.rows(CORRECTIONS))
    measure = measure_of(model, recipe)
    sample = measure.sample(ask_tuned(model, recipe, rows, store, listener), rows)
    said = _said(sample, rows, model.labels)
    known = data.manifest[CORRECTIONS]
    held = set(known["held_out"])
    missed = [
        {
            "number": number,
            "input": key_of(row),
            "said": what,
            "should": should,
            "before": known["said"].get(str(number), ""),
            "is_held_out": number in held,
        }
        for number, (row, (what, should, is_right)) in enumerate(
            zip(rows, said, strict=True), start=1
        )
        if not is_right
    ]
    return {
        "source": known["source"],
        "rows": len(rows),
        "held_out": len(held),
        "missed_learned": sum(not one["is_held_out"] for one in missed),
        "missed_held_out": sum(bool(one["is_held_out"]) for one in missed),
        "missed": missed,
    }


def _said(sample: Any, rows: Sequence[Row], labels: Sequence[str]) -> list[tuple[str, str, bool]]:
    """What was said to each row, what should have been, and whether that is the same."""
    if isinstance(sample, ClassSample):
        pairs = zip(sample.chosen_N.tolist(), sample.truth_N.tolist(), strict=True)
        return [(labels[int(a)], labels[int(b)], bool(a == b)) for a, b in pairs]
    if isinstance(sample, RatingSample):
        ratings = zip(sample.rating_N.tolist(), sample.truth_N.tolist(), strict=True)
        return [(f"{said:g}", f"{should:g}", abs(said - should) < 0.5) for said, should in ratings]
    wanted: Sequence[str] = getattr(sample, "references", None) or [
        str(getattr(row, "reference", "")) for row in rows
    ]
    answers = zip(sample.answers, wanted, strict=True)
    return [(said, should, _same(said, should)) for said, should in answers]


def _same(said: str, should: str) -> bool:
    try:
        return bool(json.loads(said) == json.loads(should))
    except (ValueError, RecursionError):
        return said.strip() == should.strip()


def corrections_table(known: Mapping[str, Any]) -> Table:
    """The corrections that the model still gets wrong."""
    rows: list[list[Cell]] = [
        [one["number"], _short(one["input"]), _short(one["said"]), _short(one["should"])]
        for one in known["missed"][:MOST_SHOWN]
    ]
    right = known["rows"] - len(known["missed"])
    note = f"{right:,} of {known['rows']:,} are right: {known['source']}"
    return Table("Corrections still wrong", ["row", "input", "said", "should"], rows, note)


def about_corrections(known: Mapping[str, Any]) -> Iterator[Finding]:
    """An error for what was learned and is still wrong; a warning for what was held out."""
    for which, count in (
        ("missed_learned", known["rows"] - known["held_out"]),
        ("missed_held_out", known["held_out"]),
    ):
        missed = known[which]
        if not missed:
            continue
        is_held = which == "missed_held_out"
        numbers = [one["number"] for one in known["missed"] if one["is_held_out"] == is_held]
        kind = "held-out corrections" if is_held else "corrections that were learned"
        yield Finding(
            Level.WARNING if is_held else Level.ERROR,
            "corrections-missed",
            f"{missed:,} of {count:,} {kind} are still wrong ({percent(missed / count)}).",
            evidence=f"rows {', '.join(map(str, numbers[:MOST_SHOWN]))} of {known['source']}",
            fix="Add more cases of their kind to the training rows."
            if is_held
            else "Raise data.corrections.weight or train longer; see whether two rows contradict.",
            where="data.corrections",
        )


def _short(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= LONGEST else f"{plain[: LONGEST - 1]}…"
