"""Swap neighbouring words.

Source: Wei & Zou 2019 (EDA), arXiv:1901.11196, random swap; here of neighbours, and never across a
        negation, so that what it turns round stays the same.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from tuneful.data.augmenting.base import EDITABLE, TryConfig, edited, pieces, places, some_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.random import Generator

    from tuneful.data.augmenting.base import Guard, Material, Try


class SwapConfig(TryConfig):
    """Settings of swapping words."""

    name: Literal["swap_words"] = Field(default="swap_words", description="Neighbours swapped.")
    rate: float = Field(
        default=0.1, gt=0, le=0.5, description="Share of the words; EDA's own choice is 0.1."
    )


class SwapWords:
    """Let words change places with the one after them."""

    Config: ClassVar[type[SwapConfig]] = SwapConfig
    kinds: ClassVar[tuple[str, ...]] = EDITABLE
    paper: ClassVar[str] = "Wei & Zou 2019, arXiv:1901.11196"
    changes: ClassVar[str] = "order"

    def __init__(self, config: SwapConfig) -> None:
        self.config = config

    def make(self, material: Material, draw: Generator) -> Iterator[Try]:
        """Rows with words in another order."""
        return edited(material, self.config.share, draw, self.edit)

    def edit(self, text: str, guard: Guard, draw: Generator) -> str:
        """The text with some neighbours swapped."""
        parts = pieces(text)
        words = places(parts)
        pairs = dict(pairwise(words))
        free = [a for a, b in pairs.items() if not (guard.holds(parts[a]) or guard.holds(parts[b]))]
        last = -1
        for at in some_of(free, self.config.rate, draw):
            if at > last:  # a word moves once
                last = pairs[at]
                parts[at], parts[last] = parts[last], parts[at]
        return "".join(parts)
