"""Hidden signs taken out and spaces made plain: controls, zero widths, marks of direction."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from tuneful.data.cleaning.base import MENDS_SPACES
from tuneful.data.faults.spaces import tidy
from tuneful.recipe.parts import PartConfig


class WhitespaceConfig(PartConfig):
    """Settings of whitespace."""

    name: Literal["whitespace"] = Field(default="whitespace", description="Which step.")
    collapse: bool = Field(
        default=False,
        description="Make runs of spaces and tabs one space; not for texts that hold code.",
    )


class Whitespace:
    """Take hidden signs out, make spaces plain and ends of lines alike."""

    Config: ClassVar[type[WhitespaceConfig]] = WhitespaceConfig
    order: ClassVar[int] = MENDS_SPACES
    hides: ClassVar[bool] = False

    def __init__(self, config: WhitespaceConfig) -> None:
        self._collapse = config.collapse

    def mend(self, text: str) -> str:
        """The text with plain spaces."""
        return tidy(text, collapse=self._collapse)
