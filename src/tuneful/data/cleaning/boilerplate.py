"""Lines that stand in many rows and say nothing of any: footers, signatures, notices."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from tuneful.data.cleaning.base import MENDS_SPACES
from tuneful.recipe.parts import PartConfig


class BoilerplateConfig(PartConfig):
    """Settings of boilerplate."""

    name: Literal["boilerplate"] = Field(default="boilerplate", description="Which step.")
    lines: list[str] = Field(
        min_length=1,
        description="Lines to take out wherever one stands alone; spaces around them and case do "
        "not matter. The finding boilerplate names those that repeat.",
    )


class Boilerplate:
    """Take the lines out that the recipe names."""

    Config: ClassVar[type[BoilerplateConfig]] = BoilerplateConfig
    order: ClassVar[int] = MENDS_SPACES
    hides: ClassVar[bool] = False

    def __init__(self, config: BoilerplateConfig) -> None:
        self._lines = {line.strip().lower() for line in config.lines}

    def mend(self, text: str) -> str:
        """The text without these lines."""
        lines = text.split("\n")
        kept = [line for line in lines if line.strip().lower() not in self._lines]
        return text if len(kept) == len(lines) else "\n".join(kept).strip("\n")
