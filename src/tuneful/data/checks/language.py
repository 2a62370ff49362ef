"""Languages that are not the most of the rows."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from tuneful.core.report import Finding, Level
from tuneful.core.units import rows
from tuneful.data.checks.base import FEWEST_OF_LANGUAGE, tell

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tuneful.data.checks.base import Facts

GRAVE_SHARE = 0.05


def check(facts: Facts) -> Iterator[Finding]:
    """Say which rows are in another language than most; nothing where the library is missing."""
    counts = Counter(code for _, code in facts.languages if code)
    total = counts.total()
    if len(counts) < 2 or total < FEWEST_OF_LANGUAGE:
        return
    main = counts.most_common(1)[0][0]
    found = tell(
        facts, "languages", ((row, "" if code == main else code) for row, code in facts.languages)
    )
    others = ", ".join(f"{code} {count:,}" for code, count in counts.most_common()[1:8])
    share = found.num_rows / total
    yield Finding(
        Level.WARNING if share > GRAVE_SHARE else Level.NOTE,
        "languages",
        f"{rows(found.num_rows)} of {total:,} looked at are not in {main} ({share:.1%}): {others}.",
        evidence=found.evidence,
        fix=f"Add {{name: language, keep: [{main}]}} to data.clean, or leave them.",
        where="data.clean",
        change=facts.clean_with("language", keep=[main]),
    )
