"""Labels that are written in several ways."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from tuneful.core.report import Finding, Level
from tuneful.data.checks.base import listed
from tuneful.data.faults.spaces import HIDDEN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tuneful.data.checks.base import Facts

MANY = 200
"""Classes above which a column is hardly one of classes."""


def check(facts: Facts) -> Iterator[Finding]:
    """Look at how the classes are written."""
    if not facts.labels:
        return
    yield from _mixed(facts)
    yield from _variants(facts)
    trained = sum(count > 0 for count in facts.label_counts["train"].values())
    if trained > MANY and trained > facts.num_rows("train") / 10:
        yield Finding(
            Level.ERROR,
            "many-classes",
            f"The label column has {trained:,} different values in {facts.num_rows('train'):,} "
            "training rows: it is hardly a class.",
            fix="Name the column of classes in data.columns.label.",
            where="data.columns.label",
        )


def _mixed(facts: Facts) -> Iterator[Finding]:
    """Numbers beside texts or true and false."""
    kinds: dict[str, list[str]] = {}
    for name, seen in facts.scan.labels.items():
        for kind, rows in seen.rows.items():
            kinds.setdefault(kind, []).append(f"{name!r} (row {listed(rows[:1], 1)})")
    if len(kinds) > 1:
        told = "; ".join(
            f"{kind}: {', '.join(names[:4])}{' …' if len(names) > 4 else ''}"
            for kind, names in kinds.items()
        )
        yield Finding(
            Level.ERROR,
            "mixed-labels",
            f"Labels are of different types: {', '.join(sorted(kinds))}.",
            evidence=told,
            fix='Write every label the same way in the source; 1 and "1" count as one class.',
            where="data.columns.label",
        )


def _variants(facts: Facts) -> Iterator[Finding]:
    """Classes that differ by case, spaces, hidden signs or how accents are written."""
    same: dict[str, list[str]] = {}
    for name in facts.labels:
        same.setdefault(_alike(name), []).append(name)
    doubled = [names for names in same.values() if len(names) > 1]
    if doubled:
        yield Finding(
            Level.WARNING,
            "label-variants",
            f"{len(doubled)} classes are written in several ways and count as different classes.",
            evidence="; ".join(" and ".join(_shown(names)) for names in doubled[:5]),
            fix="Write each class one way in the source.",
            where="data.columns.label",
        )


def _alike(name: str) -> str:
    """What is the same of names that a person cannot or would not tell apart."""
    return " ".join(HIDDEN.sub("", unicodedata.normalize("NFKC", name)).lower().split())


def _shown(names: list[str]) -> list[str]:
    """The names in quotes; with escapes where they look the same."""
    looks = {HIDDEN.sub("", unicodedata.normalize("NFC", name)) for name in names}
    return [ascii(name) if len(looks) < len(names) else repr(name) for name in names]
