"""Metrics of models on the same rows, as the facts of a report."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from tuneful.evaluating.bootstrap import compare
from tuneful.evaluating.few import as_few_rows_allow, few_values
from tuneful.evaluating.metrics import metric
from tuneful.evaluating.metrics.base import why_undefined
from tuneful.evaluating.paired import holm

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tuneful.evaluating.interval import Interval
    from tuneful.evaluating.metrics.base import Metric
    from tuneful.recipe.schema import Recipe

Facts = dict[str, Any]


def measured(
    names: Sequence[str], both: tuple[Any, Any], recipe: Recipe, told: Mapping[str, Any]
) -> Facts:
    """Metrics by name, and those that mean nothing for the rows, of one model or of both.

    Args:
        names: Of metrics.
        both: Samples of the tuned and of the untuned model; None where it was not asked.
        recipe: Says how often to resample.
        told: Samples of the untuned model when it was told more, by how.
    """
    tuned, base = both
    found = {name: measure_one(name, tuned, base, recipe) for name in names}
    unknown = {name: known for name, known in found.items() if known["undefined"]}
    metrics = {name: known for name, known in found.items() if known["tuned"]}
    for name, sample in told.items():
        _add_rival(metrics, name, tuned, sample, recipe)
    correct_all(metrics)
    return {
        "metrics": metrics,
        "undefined": {
            name: {"title": known["title"], "why": known["undefined"]}
            for name, known in unknown.items()
        },
    }


def measure_one(name: str, tuned: Any, base: Any, recipe: Recipe) -> dict[str, Any]:
    """A metric of both samples, each a part without NaN, or None; and why one is not defined."""
    known = metric(name)
    tuned_NK = known.statistics(tuned)
    base_NK = known.statistics(base) if base is not None else None
    resampled = compare(known, tuned_NK, base_NK, recipe.evaluate.resamples, recipe.seed)
    found = as_few_rows_allow(known, resampled, tuned_NK, base_NK)
    by_formula = bool(few_values(known, tuned_NK, base_NK))
    is_alone = len(tuned_NK) == 1 and not by_formula
    parts = {
        name: part if part and not is_alone and all(map(math.isfinite, _ends(part))) else None
        for name, part in asdict(found).items()
    }
    if parts["difference"] and found.difference:
        parts["difference"]["detectable"] = found.difference.detectable
    is_whole = parts["tuned"] and (base is None or parts["base"])
    return {
        "title": known.title,
        "better": known.better,
        "is_share": known.is_share,
        **parts,
        "by_formula": by_formula,
        "undefined": "" if is_whole else _why(known, found.tuned, is_alone=is_alone),
    }


def _ends(part: Facts) -> tuple[float, float, float]:
    return part["value"], part["low"], part["high"]


def _why(metric: Metric, tuned: Interval, *, is_alone: bool) -> str:
    if math.isinf(tuned.high) or (is_alone and not math.isnan(tuned.value)):
        return "one row gives no interval"
    return why_undefined(metric)


def _add_rival(metrics: Facts, name: str, tuned: Any, told: Any, recipe: Recipe) -> None:
    """Put beside each metric what the untuned model came to when it was told more."""
    for key, known in metrics.items():
        found = measure_one(key, tuned, told, recipe)
        parts = {"value": found["base"], "difference": found["difference"]}
        known.setdefault("rivals", {})[name] = parts


def correct_all(metrics: Facts) -> None:
    """Add p corrected for the number of tests (Holm) to every difference in the report."""
    tested = list(_differences(metrics))
    for part, p in zip(tested, holm([part["p"] for part in tested]), strict=True):
        part["p_corrected"] = p


def _differences(metrics: Facts) -> Iterator[Facts]:
    for known in metrics.values():
        for part in (known, *known.get("rivals", {}).values()):
            if part["difference"]:
                yield part["difference"]
