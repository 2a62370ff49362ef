"""Leave words out.

Source: Wei & Zou 2019 (EDA), arXiv:1901.11196, random deletion. Negations and words that the label
        hangs on are never left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from tuneful.data.augmenting.base import EDITABLE, TryConfig, edited, pieces, places, some_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.random import Generator

    from tuneful.data.augmenting.base import Guard, Material, Try


class DeleteConfig(TryConfig):
    """Settings of leaving words out."""

    name: Literal["delete_words"] = Field(default="delete_words", description="Words left out.")
    rate: float = Field(
        default=0.1, gt=0, le=0.5, description="Share of the words; EDA's own choice is 0.1."
    )


class DeleteWords:
    """Leave out words that the label does not hang on."""

    Config: ClassVar[type[DeleteConfig]] = DeleteConfig
    kinds: ClassVar[tuple[str, ...]] = EDITABLE
    paper: ClassVar[str] = "Wei & Zou 2019, arXiv:1901.11196"
    changes: ClassVar[str] = "words"

    def __init__(self, config: DeleteConfig) -> None:
        self.config = config

    def make(self, material: Material, draw: Generator) -> Iterator[Try]:
        """Rows with fewer words."""
        return edited(material, self.config.share, draw, self.edit)

    def edit(self, text: str, guard: Guard, draw: Generator) -> str:
        """The text without some words; one word at least stays."""
        parts = pieces(text)
        words = places(parts)
        free = [at for at in words if not guard.holds(parts[at])]
        gone = some_of(free, self.config.rate, draw)
        for at in gone[: len(words) - 1]:
            parts[at] = ""
            if at + 1 < len(parts):
                parts[at + 1] = ""  # and the space after it
        return "".join(parts).strip()
