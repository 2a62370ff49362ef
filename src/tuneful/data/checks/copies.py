"""Copies of a text: how many, and whether they stand on both sides of the split."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuneful.core.report import Finding, Level
from tuneful.data.divide import NUMBERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from tuneful.data.checks.base import Facts

GRAVE_SHARE = 0.01
"""Of a measured split: above it the measurement is refused."""


def check(facts: Facts) -> Iterator[Finding]:
    """Count copies, and those that leak from train into what is measured."""
    copies = facts.copies
    if copies.num_exact or copies.num_near:
        yield Finding(
            Level.NOTE,
            "copies",
            f"{copies.num_exact:,} rows repeat an earlier text, {copies.num_near:,} more nearly.",
            evidence="the same but for case and spaces; nearly: Jaccard similarity of word "
            "3-shingles of 0.8 or more",
            fix="Copies are kept on one side of the split (data.split.group_duplicates).",
        )
    for split in ("validation", "test"):
        yield from _leaked(facts, split)


def _leaked(facts: Facts, split: str) -> Iterator[Finding]:
    import numpy as np

    group_N, split_N = facts.copies.group_N, facts.split_N
    trained = np.unique(group_N[split_N == NUMBERS["train"]])
    measured: NDArray[np.bool_] = split_N == NUMBERS[split]
    leaked = np.flatnonzero(measured & np.isin(group_N, trained))
    if not len(leaked):
        return
    share = len(leaked) / int(measured.sum())
    pairs = "; ".join(_pair(facts, int(row)) for row in leaked[:3])
    by_chance = facts.recipe.data.split.group_duplicates == "none"
    is_first = facts.recipe.data.take.order == "first"
    key = "data.split.group_duplicates" if by_chance else "data.take.order"
    yield Finding(
        Level.ERROR if share > GRAVE_SHARE else Level.WARNING,
        "split-leakage",
        f"{len(leaked):,} {split} rows ({share:.1%}) have a copy among the training rows.",
        evidence=f"source rows {pairs}",
        fix="Set data.split.group_duplicates to near: no copy then crosses the split."
        if by_chance
        else "Set data.take.order to random: copies are then kept on one side.",
        where=key,
        change={key: "near"} if by_chance else {key: "random"} if is_first else {},
    )


def _pair(facts: Facts, row: int) -> str:
    import numpy as np

    is_copy_N = facts.copies.group_N == facts.copies.group_N[row]
    other = np.flatnonzero(is_copy_N & (facts.split_N == NUMBERS["train"]))[0]
    source_N = facts.scan.source_N
    return f"{source_N[row]:,} and {source_N[int(other)]:,}"
