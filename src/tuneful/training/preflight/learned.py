"""Rows of which nothing is learned: their answer is missing, masked or cut off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuneful.core.report import Finding, Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tuneful.training.preflight.base import Inspection

GRAVE_SHARE = 0.05
"""Of the rows, at which the run is refused: single bad rows are common, a twentieth is a fault."""


def check(inspection: Inspection) -> Iterator[Finding]:
    """Count rows without a learned token."""
    encoded = inspection.encoded
    if encoded is None or inspection.method.head != "tokens" or inspection.ask is not None:
        return
    empty = [number for number, learned in enumerate(encoded.num_learned) if not learned]
    if not empty:
        return
    cut = sum(encoded.num_cut[number] > 0 for number in empty)
    share = len(empty) / len(encoded.num_learned)
    numbers = ", ".join(str(number + 1) for number in empty[:5])
    is_grave = share >= GRAVE_SHARE
    yield Finding(
        Level.ERROR if is_grave else Level.WARNING,
        "nothing-learned",
        f"{len(empty):,} of {len(encoded.num_learned):,} training rows have no token to learn.",
        evidence=f"training rows {numbers}{' …' if len(empty) > 5 else ''}; {cut:,} of them were "
        f"cut at max_length before their answer began",
        fix="Raise train.max_length or leave it to auto."
        if cut
        else "Look at these rows: an assistant turn must have content.",
        where="train.max_length" if cut else "data.source",
        change={"train.max_length": "auto"} if _can_widen(inspection, cut) else {},
    )


def _can_widen(inspection: Inspection, cut: int) -> bool:
    return bool(cut) and inspection.recipe.train.max_length != "auto"
