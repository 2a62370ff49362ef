"""A measurement and how sure it is."""

from __future__ import annotations

from dataclasses import dataclass

COVERAGE = 0.95


@dataclass(frozen=True)
class Interval:
    """A measurement with its 95 % interval."""

    value: float
    low: float
    high: float
