"""What the steps of data.clean did."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuneful.core.report import Finding, Level
from tuneful.core.units import rows
from tuneful.data.dataset import CLEANED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tuneful.data.checks.base import Facts


def check(facts: Facts) -> Iterator[Finding]:
    """Say of each step how many rows it mended or left out, and which."""
    for name, done in facts.scan.cleaning.done.items():
        total = done.changed + done.left_out
        did = "left out" if done.left_out else "mended"
        more = total - len(done.first)
        first = ", ".join(done.first) + (f" and {more:,} more" if more > 0 else "")
        yield Finding(
            Level.NOTE,
            "cleaned",
            f"The step {name} {did} {rows(total)}.",
            evidence=f"source rows {first}; {CLEANED} lists all" if total else "",
            where="data.clean",
        )
