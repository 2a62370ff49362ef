"""HTML in texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuneful.core.units import rows
from tuneful.data.checks.base import search
from tuneful.data.faults.markup import MAY_HOLD, find_markup

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tuneful.core.report import Finding
    from tuneful.data.checks.base import Facts


def check(facts: Facts) -> Iterator[Finding]:
    """Find tags and entities outside of code."""
    found = search(facts, "html", MAY_HOLD, find_markup)
    yield from found.warning(
        f"{rows(found.num_rows)} of {facts.num_used:,} hold HTML "
        f"({found.num_rows / facts.num_used:.1%}).",
        "Add html to data.clean, unless the model is to read or write HTML.",
        "html",
    )
