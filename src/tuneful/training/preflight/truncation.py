"""Text lost to max_length."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuneful.core.report import Finding, Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tuneful.training.preflight.base import Inspection

MUCH = 0.2
"""Share of all tokens whose loss deserves a warning; below it, a note."""


def check(inspection: Inspection) -> Iterator[Finding]:
    """Count rows and tokens that were cut."""
    encoded, settings = inspection.encoded, inspection.settings
    if encoded is None or settings is None or not any(encoded.num_cut):
        return
    rows = sum(cut > 0 for cut in encoded.num_cut)
    lost = sum(encoded.num_cut)
    share = lost / (lost + sum(encoded.lengths))
    asked = inspection.recipe.train.max_length != "auto"
    yield Finding(
        Level.WARNING if share >= MUCH else Level.NOTE,
        "truncated",
        f"{rows / len(encoded.num_cut):.0%} of the training rows are longer than "
        f"{settings.max_length} tokens; {share:.0%} of all tokens are cut off.",
        evidence=f"{rows:,} of {len(encoded.num_cut):,} rows, {lost:,} tokens; the longest row "
        f"loses {max(encoded.num_cut):,}",
        fix="Raise train.max_length or leave it to auto."
        if asked
        else "Use a model with longer positions, or shorten the texts.",
        where="train.max_length",
    )
