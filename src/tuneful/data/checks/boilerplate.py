"""Lines that begin or end many texts: footers, signatures, notices."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from tuneful.core.report import Finding, Level
from tuneful.core.units import rows
from tuneful.data.rows import ROWS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tuneful.data.checks.base import Facts

BREAK = "\n|<br"
LINES = re.compile(r"\n|<br\s*/?>")
FEWEST_WORDS = 3
LONGEST = 200
FEWEST_ROWS = 10
LEAST_SHARE = 0.002
MOST_KNOWN = 200_000
"""Different lines that are counted."""
MOST_NAMED = 20


def check(facts: Facts) -> Iterator[Finding]:
    """Count the first and the last two lines of texts; conversations repeat theirs on purpose."""
    if "turns" in ROWS[facts.scan.row_type].columns.values():
        return
    counts: Counter[str] = Counter()
    for _, text in facts.strings(BREAK):
        for line in _edges(text):
            if line in counts or len(counts) < MOST_KNOWN:
                counts[line] += 1
    fewest = max(FEWEST_ROWS, LEAST_SHARE * facts.num_used)
    found = [(line, count) for line, count in counts.most_common(MOST_NAMED) if count >= fewest]
    if found:
        yield Finding(
            Level.WARNING,
            "boilerplate",
            f"{len(found)} line{'s begin or end' if len(found) > 1 else ' begins or ends'} many "
            "texts.",
            evidence="; ".join(f"{line!r} in {rows(count)}" for line, count in found[:5]),
            fix="Add boilerplate to data.clean with these lines.",
            where="data.clean",
            change=facts.clean_with("boilerplate", lines=[line for line, _ in found]),
        )


def _edges(text: str) -> set[str]:
    """The two lines at either end, without case and spaces around them."""
    lines = [line.strip().lower() for line in LINES.split(text)]
    full = [line for line in lines if line]
    if len(full) < 2:
        return set()
    edges = {*full[:2], *full[-2:]}
    return {line for line in edges if len(line) <= LONGEST and line.count(" ") >= FEWEST_WORDS - 1}
