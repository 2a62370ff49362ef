"""What a plan said, as a report; and, once the run is over, how far it was from the truth."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuneful.core.report import Report, Table
from tuneful.planning.power import detectable_share

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tuneful.core.report import Cell
    from tuneful.planning.plan import Plan


def report(plan: Plan) -> Report:
    """The plan for a person: what it takes, and every choice with its reason."""
    seconds = f"{_duration(plan.seconds)} (give or take {plan.error:.0%}, by {plan.basis})"
    before = f"{_duration(plan.seconds_before)}, once: what EWC holds"
    parts = ", ".join(f"{name} {gib:.1f}" for name, gib in plan.memory.items() if gib >= 0.05)
    takes: list[list[Cell]] = [
        ["steps", f"{plan.steps:,}"],
        ["tokens", f"{plan.tokens:,}"],
        ["time", seconds],
        *([["before it", before]] if plan.seconds_before else []),
        ["memory", f"{plan.memory_gib:.1f} of {plan.memory_here_gib:.1f} GiB ({parts})"],
        ["cost", f"{plan.usd:.2f} USD"],
    ]
    if plan.num_test:
        takes.append(["test", _test(plan.num_test)])
    choices: list[list[Cell]] = [
        [key, _cell(choice.value), choice.reason] for key, choice in plan.choices.items()
    ]
    return Report(
        title="Plan" if plan.fits else "Plan: does not fit",
        findings=plan.findings,
        tables=[
            Table("What it takes", ["what", "how much"], takes),
            Table("What was chosen", ["setting", "value", "why"], choices),
        ],
        facts=plan.to_json(),
    )


def compare_with_actual(plan: Plan, actual: Mapping[str, float]) -> Report:
    """How far the plan was off. Errors are actual / planned - 1: +0.2 took a fifth more.

    Args:
        plan: What was predicted.
        actual: What the run measured: "seconds", "memory_gib", "tokens", "steps"; any may lack.
    """
    planned = {
        "steps": float(plan.steps),
        "tokens": float(plan.tokens),
        "seconds": plan.seconds,
        "memory_gib": plan.memory_gib,
    }
    errors = {
        name: actual[name] / expected - 1
        for name, expected in planned.items()
        if name in actual and expected > 0
    }
    rows: list[list[Cell]] = [
        [name, _number(planned[name]), _number(actual[name]), f"{error:+.0%}"]
        for name, error in errors.items()
    ]
    return Report(
        title="Plan and run",
        tables=[Table("Planned and measured", ["what", "planned", "measured", "error"], rows)],
        facts={
            "planned": {name: planned[name] for name in errors},
            "actual": {name: actual[name] for name in errors},
            "error": errors,
            "basis": plan.basis,
        },
    )


def _test(num_rows: int) -> str:
    """What the test rows will be able to show."""
    points = 100 * detectable_share(num_rows)
    return f"{num_rows:,} rows, which show gains from about {points:.1f} points on (of 100)"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 90 * 60 else f"{seconds / 3600:.1f} h"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _cell(value: object) -> Cell:
    return value if isinstance(value, str | int | float | bool) else str(value)
