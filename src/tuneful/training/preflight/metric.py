"""No metric asked for: a run that nobody can call better."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuneful.core.report import Finding, Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tuneful.training.preflight.base import Inspection


def check(inspection: Inspection) -> Iterator[Finding]:
    """Demand at least one metric, and test rows to measure it on."""
    recipe = inspection.recipe
    if recipe.evaluate.metrics != "auto" and not recipe.evaluate.metrics:
        metrics = ", ".join(inspection.method.metrics)
        yield Finding(
            Level.ERROR,
            "no-metric",
            "No metric is asked for, so nothing would show whether the model became better.",
            evidence="evaluate.metrics is empty; a falling training loss shows memory, not skill",
            fix=f"Set evaluate.metrics to auto: {metrics}.",
            where="evaluate.metrics",
            change={"evaluate.metrics": "auto"},
        )
    if not inspection.data.num_rows("test"):
        yield Finding(
            Level.WARNING,
            "no-test-rows",
            "There are no test rows: the tuned model cannot be compared with its base.",
            fix="Set data.split.test (0.1 is usual) or data.test_source.",
            where="data.split.test",
        )
