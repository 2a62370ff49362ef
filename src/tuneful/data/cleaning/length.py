"""Rows whose text is too short or too long."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal, Self

from pydantic import Field, model_validator

from tuneful.data.cleaning.base import LEAVES_OUT
from tuneful.data.judged import text_judged
from tuneful.recipe.parts import PartConfig

if TYPE_CHECKING:
    from tuneful.data.rows import Row


class LengthConfig(PartConfig):
    """Settings of length."""

    name: Literal["length"] = Field(default="length", description="Which step.")
    least: int = Field(default=0, ge=0, description="Rows with less are left out.")
    most: int | None = Field(default=None, ge=1, description="Rows with more are left out.")
    unit: Literal["characters", "words"] = Field(default="characters", description="Of both.")

    @model_validator(mode="after")
    def _has_bounds(self) -> Self:
        if not self.least and self.most is None:
            raise ValueError("length needs least or most")
        if self.most is not None and self.most < self.least:
            raise ValueError(f"length leaves every row out: most {self.most} < least {self.least}")
        return self


class Length:
    """Leave rows out whose text is too short or too long; of conversations what is answered."""

    Config: ClassVar[type[LengthConfig]] = LengthConfig
    order: ClassVar[int] = LEAVES_OUT

    def __init__(self, config: LengthConfig) -> None:
        self._asked = config

    def why_out(self, row: Row) -> str:
        """The length, where it is not within bounds."""
        text = text_judged(row).strip()
        length = len(text) if self._asked.unit == "characters" else len(text.split())
        most = self._asked.most
        if length >= self._asked.least and (most is None or length <= most):
            return ""
        return f"{length:,} {self._asked.unit}"
