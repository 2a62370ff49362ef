"""A number that the answer must come near.

Score: 1 within the tolerance, from there falling in a line to 0 over `falloff`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from tuneful.grading.graders.base import GraderConfig, field_of

if TYPE_CHECKING:
    from tuneful.grading.graders.base import Answer

NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?(?:[eE][+-]?\d+)?")


class NumericConfig(GraderConfig):
    """Settings of a comparison of numbers."""

    name: Literal["numeric"] = Field(
        default="numeric", description="Compare the answer's last number with the right one."
    )
    number: float | None = Field(
        default=None, description="The right one; the last in the row's reference if empty."
    )
    tolerance: float = Field(default=0.0, ge=0, description="Distance that still counts as right.")
    falloff: float = Field(
        default=0.0, ge=0, description="Distance beyond the tolerance at which nothing is left."
    )
    field: str = Field(
        default="", description="Compare this field of the JSON object in the answer."
    )


class Numeric:
    """How near the answer's number is to the right one."""

    Config: ClassVar[type[NumericConfig]] = NumericConfig

    def __init__(self, config: NumericConfig) -> None:
        self.config = config

    def grade(self, answer: Answer) -> float:
        """0 to 1; 0 for an answer without a number.

        Raises:
            ValueError: The reference has no number.
        """
        config = self.config
        meant = config.number
        if meant is None:
            meant = _last(field_of(answer.reference, config.field))
        if meant is None:
            raise ValueError(f"the reference {answer.reference[:60]!r} has no number")
        said = _last(field_of(answer.text, config.field))
        if said is None:
            return 0.0
        beyond = abs(said - meant) - config.tolerance
        if beyond <= 0:
            return 1.0
        return max(0.0, 1.0 - beyond / config.falloff) if config.falloff else 0.0


def _last(text: str | None) -> float | None:
    found = NUMBER.findall(text or "")
    return float(found[-1].replace(",", "")) if found else None
