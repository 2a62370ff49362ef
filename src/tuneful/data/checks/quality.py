"""Texts that repeat themselves or are hardly made of words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuneful.core.report import Finding, Level
from tuneful.core.units import rows
from tuneful.data.checks.base import search_sample
from tuneful.data.faults.quality import broken_rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tuneful.data.checks.base import Facts

MOST_LOOKED_AT = 5_000
GRAVE_SHARE = 0.05


def check(facts: Facts) -> Iterator[Finding]:
    """Judge rows, evenly spaced, by Gopher's rules."""
    found = search_sample(facts, "low-quality", MOST_LOOKED_AT, _broken)
    if not found.num_rows:
        return
    looked_at = min(facts.num_used, -(-facts.num_used // -(-facts.num_used // MOST_LOOKED_AT)))
    share = found.num_rows / looked_at
    yield Finding(
        Level.WARNING if share > GRAVE_SHARE else Level.NOTE,
        "low-quality",
        f"{rows(found.num_rows)} of {looked_at:,} looked at are of low quality ({share:.1%}).",
        evidence=found.evidence,
        fix="Look at them; quality in data.clean leaves such rows out.",
        where="data.clean",
        change=facts.clean_with("quality"),
    )


def _broken(text: str) -> str:
    broken = broken_rule(text)
    return str(broken) if broken else ""
