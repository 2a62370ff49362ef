"""Languages that are not the most of the rows."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from tuneful.core.report import Finding, Level
from tuneful.core.units import rows
from tuneful.data.checks.base import search_sample
from tuneful.data.faults.language import is_installed, language_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tuneful.data.checks.base import Facts

MOST_LOOKED_AT = 1000
FEWEST_ROWS = 50
"""Below this the main language is not sure."""
GRAVE_SHARE = 0.05


def check(facts: Facts) -> Iterator[Finding]:
    """Tell the languages of rows, evenly spaced; nothing where the library is missing."""
    if facts.num_used < FEWEST_ROWS or not is_installed():
        return
    counts = Counter(filter(None, (language_of(text) for _, text in facts.sample(MOST_LOOKED_AT))))
    total = counts.total()
    if len(counts) < 2 or total < FEWEST_ROWS:
        return
    main = counts.most_common(1)[0][0]
    found = search_sample(
        facts, "languages", MOST_LOOKED_AT, lambda text: _other(language_of(text), main)
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


def _other(code: str, main: str) -> str:
    return "" if code == main else code
