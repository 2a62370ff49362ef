"""Intervals by formula where rows are too few to be drawn again.

A bootstrap of four right rows and a wrong one draws these again and again: its interval claims what
five rows cannot. So means over fewer than `FEW` rows have the intervals that hold there.

Shapes: N rows, K statistics.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tuneful.core.report import Finding, Level
from tuneful.evaluating.formulas import mean_interval, paired_interval
from tuneful.evaluating.interval import Interval
from tuneful.evaluating.metrics.base import row_values

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tuneful.evaluating.bootstrap import Compared, Difference
    from tuneful.evaluating.metrics.base import Array, Metric

FEW = 100
"""Rows. With fewer the percentile bootstrap misses the truth more often than one time of twenty."""


def as_few_rows_allow(
    metric: Metric, said: Compared, tuned_NK: Array, base_NK: Array | None
) -> Compared:
    """What was compared, with other intervals where the bootstrap's are too narrow.

    Metrics that are no means over rows stay as they are.
    """
    rows = few_values(metric, tuned_NK, base_NK)
    if not rows:
        return said
    tuned, base, apart = said.tuned, said.base, said.difference
    tuned = _wider(metric, tuned, rows[0])
    if base is not None and apart is not None:
        base = _wider(metric, base, rows[1])
        apart = _apart(metric, apart, rows)
    return replace(said, tuned=tuned, base=base, difference=apart)


def made_by(facts: Mapping[str, Any]) -> str:
    """How the intervals of metrics were made."""
    by_formula = [known.get("by_formula", False) for known in facts["metrics"].values()]
    formula = "by formula (Wilson, Bonett and Price, Student)"
    if by_formula and all(by_formula):
        return formula
    return "by bootstrap over rows" + (f", of means {formula}" if any(by_formula) else "")


def about_few(facts: Mapping[str, Any]) -> Finding:
    """That rows are few, and which intervals do not know of it."""
    known = facts["metrics"].values()
    narrow = [one["title"] for one in known if not one.get("by_formula", False)]
    num = facts["rows"]
    return Finding(
        Level.WARNING,
        "few-test-rows",
        f"There {'is' if num == 1 else 'are'} only {num} test row{'s' * (num != 1)}: intervals are "
        "wide.",
        evidence=f"those of {', '.join(narrow)} are resampled, and may even be too narrow"
        if narrow
        else "",
        fix="Test on some hundred rows or more (data.take.test, data.split.test).",
        where="data.split.test",
    )


def few_values(metric: Metric, tuned_NK: Array, base_NK: Array | None) -> list[Array]:
    """Of each model the few numbers that the metric is the mean of; none where it is not so."""
    import numpy as np

    found = row_values(metric, [tuned_NK] if base_NK is None else [tuned_NK, base_NK])
    is_few = all(0 < len(one_N) < FEW and np.isfinite(one_N).all() for one_N in found)
    return found if is_few else []


def _is_right_or_wrong(*both: Array) -> bool:
    import numpy as np

    return all(bool(np.isin(one_N, (0.0, 1.0)).all()) for one_N in both)


def _wider(metric: Metric, part: Interval, value_N: Array) -> Interval:
    is_binary = metric.is_share and _is_right_or_wrong(value_N)
    found = mean_interval(value_N, is_binary=is_binary)
    least = 0.0 if metric.is_share or metric.better == "lower" else -float("inf")  # errors, costs
    most = 1.0 if metric.is_share else float("inf")
    return Interval(part.value, max(least, found.low), min(most, found.high))


def _apart(metric: Metric, part: Difference, rows: Sequence[Array]) -> Difference:
    is_binary = metric.is_share and _is_right_or_wrong(*rows)
    found = paired_interval(rows[0], rows[1], is_binary=is_binary)
    most = 1.0 if metric.is_share else float("inf")
    return replace(part, low=max(-most, found.low), high=min(most, found.high))
