"""Write a text in small letters, in capitals, or without its first capital.

People write as they like; a model that has seen one way only may read the other worse.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from tuneful.data.augmenting.base import EDITABLE, TryConfig, edited

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.random import Generator

    from tuneful.data.augmenting.base import Guard, Material, Try


class CaseConfig(TryConfig):
    """Settings of other letters."""

    name: Literal["case"] = Field(default="case", description="Small letters or capitals.")
    to: Literal["lower", "upper", "any"] = Field(
        default="any", description="lower, upper; any: one of the two, drawn for each row."
    )


class Case:
    """Write the whole text in other letters. An uncased tokenizer sees no difference."""

    Config: ClassVar[type[CaseConfig]] = CaseConfig
    kinds: ClassVar[tuple[str, ...]] = EDITABLE
    paper: ClassVar[str] = ""
    changes: ClassVar[str] = "letters"

    def __init__(self, config: CaseConfig) -> None:
        self.config = config

    def make(self, material: Material, draw: Generator) -> Iterator[Try]:
        """Rows in other letters."""
        return edited(material, self.config.share, draw, self.edit)

    def edit(self, text: str, guard: Guard, draw: Generator) -> str:
        """The text in other letters."""
        del guard  # every word stays the same word
        is_upper = draw.random() < 0.5 if self.config.to == "any" else self.config.to == "upper"
        return text.upper() if is_upper else text.lower()
