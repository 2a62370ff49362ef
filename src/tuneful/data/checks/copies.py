"""Copies of a text: how many, which are left out, which stand on both sides of the split."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuneful.core.report import Finding, Level
from tuneful.data.checks.base import MOST_SHOWN, listed
from tuneful.data.splitting.divide import NUMBERS, TEST, UNUSED, VALIDATION

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    import numpy as np
    from numpy.typing import NDArray

    from tuneful.data.checks.base import Facts

GRAVE_SHARE = 0.01
"""Of a measured split: above it the measurement is refused."""


def check(facts: Facts) -> Iterator[Finding]:
    """Count copies, and those that leak from train into what is measured."""
    copies, data = facts.copies, facts.recipe.data
    may_cross = data.take.order == "first" or data.split.group_duplicates == "none"
    if copies.num_exact or copies.num_near:
        yield Finding(
            Level.NOTE,
            "copies",
            f"{copies.num_exact:,} rows repeat an earlier text, {copies.num_near:,} more nearly.",
            evidence="the same but for case and spaces; nearly: Jaccard similarity of word "
            f"3-shingles of 0.8 or more. {_largest(facts)}",
            fix=""
            if may_cross
            else "Copies are kept on one side of the split (data.split.group_duplicates).",
        )
    yield from _left_out(facts)
    for split in ("validation", "test"):
        yield from _leaked(facts, split)


def _largest(facts: Facts) -> str:
    """The rows with the most copies; the list has each copy and the row it is a copy of."""
    import numpy as np

    group_N = facts.copies.group_N
    copies = np.flatnonzero((group_N != np.arange(len(group_N))) & (facts.split_N > 0))
    listing = facts.write_list(
        "copies",
        (facts.place(int(row)) | {"copy_of": facts.numbered(int(group_N[row]))} for row in copies),
    )
    firsts, counts = np.unique(group_N[copies], return_counts=True)
    order = np.argsort(-counts, kind="stable")[:3]
    most = ", ".join(f"{facts.numbered(int(firsts[at]))} ({counts[at]:,})" for at in order)
    return f"Source rows with most copies: {most}; {listing} lists all" if most else ""


def _left_out(facts: Facts) -> Iterator[Finding]:
    """Rows of the source that are copies of rows that are measured."""
    import numpy as np

    num_main = facts.rows.num_main
    split = facts.recipe.data.split
    meets_N = _meets(facts, TEST)
    if split.time or split.stable:
        meets_N |= _meets(facts, VALIDATION)
    elif not facts.rows.has_test_source:
        return
    found = np.flatnonzero((facts.split_N == UNUSED)[:num_main] & meets_N[:num_main]).tolist()
    if found:
        rows = [facts.scan.source_N[row] for row in found[:MOST_SHOWN]]
        yield Finding(
            Level.NOTE,
            "left-out",
            f"{len(found):,} rows are copies of measured rows and were left out of the others.",
            evidence=f"source rows {listed(rows, len(found))}",
            where="data.test_source" if facts.rows.has_test_source else "data.split",
        )


def _meets(facts: Facts, split: int) -> NDArray[np.bool_]:
    """Whether each row, or a copy of it, stands in a split."""
    import numpy as np

    group_N = facts.copies.group_N
    is_there = np.zeros(len(group_N), np.bool_)
    is_there[group_N[facts.split_N == split]] = True
    return is_there[group_N]


def _leaked(facts: Facts, split: str) -> Iterator[Finding]:
    import numpy as np

    measured: NDArray[np.bool_] = facts.split_N == NUMBERS[split]
    leaked = np.flatnonzero(measured & _meets(facts, NUMBERS["train"]))
    if not len(leaked):
        return
    share = len(leaked) / int(measured.sum())
    pairs = "; ".join(_pair(facts, int(row)) for row in leaked[:3])
    change = _mend(facts)
    apart = facts.rows.has_test_source and split == "test"
    yield Finding(
        Level.ERROR if share > GRAVE_SHARE else Level.WARNING,
        "split-leakage",
        f"{len(leaked):,} {split} rows ({share:.1%}) have a copy among the training rows.",
        evidence=f"rows of the test source and of the source: {pairs}"
        if apart
        else f"source rows {pairs}",
        fix=f"Set {' and '.join(f'{key} to {value}' for key, value in change.items())}: no copy "
        "then crosses the split.",
        where=next(iter(change)),
        change=change,
    )


def _mend(facts: Facts) -> dict[str, Any]:
    """Copies cross where rows are taken in order, and where they are not grouped."""
    data = facts.recipe.data
    change: dict[str, Any] = {"data.take.order": "random"} if data.take.order == "first" else {}
    if data.split.group_duplicates == "none" or not change:
        change["data.split.group_duplicates"] = "near"
    return change


def _pair(facts: Facts, row: int) -> str:
    import numpy as np

    is_copy_N = facts.copies.group_N == facts.copies.group_N[row]
    other = np.flatnonzero(is_copy_N & (facts.split_N == NUMBERS["train"]))[0]
    source_N = facts.scan.source_N
    return f"{source_N[row]:,} and {source_N[int(other)]:,}"
