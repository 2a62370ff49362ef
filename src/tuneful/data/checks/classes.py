"""Splits that lack classes, or hold them in other shares than the source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tuneful.core.report import Finding, Level
from tuneful.core.units import rows
from tuneful.data.splitting.divide import NUMBERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tuneful.data.checks.base import Facts

SORTED_RUNS = 4
"""Times the number of classes: a source with fewer stretches of one label is sorted by it."""
FEWEST_ROWS = 50
"""Below this a source may look sorted by chance."""
SKEWED = 0.2
"""Total variation distance between a split's class shares and the source's that is refused."""
RANDOM: dict[str, Any] = {"data.take.order": "random"}


def check(facts: Facts) -> Iterator[Finding]:
    """Look at the classes of each split."""
    if not facts.labels:
        return
    single = _single(facts)
    if single:
        yield single
        return
    yield from _unseen(facts)
    if facts.recipe.data.take.order == "first":
        yield from _skewed(facts)


def _single(facts: Facts) -> Finding | None:
    """A split whose rows are all of one class."""
    told: list[str] = []
    for split, counts in facts.label_counts.items():
        there = {name: count for name, count in counts.items() if count}
        if len(there) == 1 and split in {"train", "test"}:
            ((name, count),) = there.items()
            told.append(f"all {count:,} {split} rows are {name!r}")
    if not told:
        return None
    is_first = facts.recipe.data.take.order == "first"
    fix = "Give rows of at least two classes."
    if is_first and len(facts.labels) > 1:
        fix = "Set data.take.order to random: rows are then drawn with the classes' shares kept."
    return Finding(
        Level.ERROR,
        "single-class",
        f"There is one class only: {' and '.join(told)}. Nothing can be learned or measured.",
        evidence=_how_sorted(facts),
        fix=fix,
        where="data.take.order" if is_first else "data.source",
        change=RANDOM if is_first and len(facts.labels) > 1 else {},
    )


def _how_sorted(facts: Facts) -> str:
    runs = facts.scan.runs
    first = "; ".join(f"rows {begin:,} to {end:,} are {name!r}" for name, begin, end in runs.first)
    more = f"; and {runs.count - len(runs.first):,} more stretches" if runs.count > 10 else ""
    counts = ", ".join(
        f"{name!r} {sum(seen[name] for seen in facts.label_counts.values()):,}"
        for name in facts.labels
    )
    return f"in the source, {first}{more}. Rows taken: {counts}"


def _unseen(facts: Facts) -> Iterator[Finding]:
    """Classes that are measured but never trained."""
    trained = facts.label_counts["train"]
    for split in ("validation", "test"):
        counts = facts.label_counts[split]
        unseen = {name: n for name, n in counts.items() if n and not trained[name]}
        if unseen:
            told = ", ".join(f"{name!r} ({rows(count)})" for name, count in unseen.items())
            yield Finding(
                Level.ERROR,
                "unseen-label",
                f"The {split} rows have classes that no training row has: {told}.",
                evidence="trained classes: " + ", ".join(repr(n) for n, c in trained.items() if c),
                fix="Give training rows of these classes, or leave the rows out with data.where.",
                where="data.test_source" if facts.rows.has_test_source else "data.source",
            )


def _skewed(facts: Facts) -> Iterator[Finding]:
    """The first rows of a source that is sorted by label."""
    import numpy as np

    runs = facts.scan.runs
    is_sorted = runs.num_rows >= FEWEST_ROWS and runs.count < SORTED_RUNS * len(facts.labels)
    if not is_sorted:
        return
    shares = {
        split: np.array(list(counts.values())) / max(1, sum(counts.values()))
        for split, counts in facts.label_counts.items()
        if split in NUMBERS and sum(counts.values())
    }
    apart = max(
        0.5 * float(np.abs(one - other).sum())
        for one in shares.values()
        for other in shares.values()
    )
    yield Finding(
        Level.ERROR if apart > SKEWED else Level.WARNING,
        "label-sorted",
        f"The source is sorted by label, and its first rows are taken: the splits' class shares "
        f"differ by up to {apart:.0%}.",
        evidence=_how_sorted(facts),
        fix="Set data.take.order to random: rows are then drawn with the classes' shares kept.",
        where="data.take.order",
        change=RANDOM,
    )
