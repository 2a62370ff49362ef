"""Signs that nobody sees and every model reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuneful.data.checks.base import rows_that, search
from tuneful.data.faults.spaces import HIDDEN, UNSEEN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tuneful.core.report import Finding
    from tuneful.data.checks.base import Facts


def check(facts: Facts) -> Iterator[Finding]:
    """Find control characters, zero widths and marks of direction."""
    found = search(facts, "hidden-signs", UNSEEN, _named)
    yield from found.warning(
        f"{rows_that(found.num_rows, 'hold')} signs that nobody sees.",
        "Add whitespace to data.clean.",
        "whitespace",
    )


def _named(text: str) -> str:
    match = HIDDEN.search(text)
    return f"U+{ord(match.group()):04X}" if match else ""
