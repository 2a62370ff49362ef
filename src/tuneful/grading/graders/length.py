"""How long the answer is.

Score: 1 inside the bounds, from there falling in a line to 0 over `falloff`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from tuneful.grading.graders.base import GraderConfig

if TYPE_CHECKING:
    from tuneful.grading.graders.base import Answer


class LengthConfig(GraderConfig):
    """Settings of a length."""

    name: Literal["length"] = Field(default="length", description="Words or characters said.")
    unit: Literal["words", "characters"] = Field(default="words", description="What is counted.")
    at_least: int = Field(default=1, ge=0, description="Shortest answer of full score.")
    at_most: int | None = Field(default=None, ge=0, description="Longest answer of full score.")
    falloff: int = Field(default=0, ge=0, description="Units outside at which nothing is left.")


class Length:
    """Whether the answer is neither too short nor too long."""

    Config: ClassVar[type[LengthConfig]] = LengthConfig

    def __init__(self, config: LengthConfig) -> None:
        self.config = config

    def grade(self, answer: Answer) -> float:
        """0 to 1."""
        config = self.config
        length = len(answer.text.split() if config.unit == "words" else answer.text.strip())
        beyond = config.at_least - length
        if config.at_most is not None:
            beyond = max(beyond, length - config.at_most)
        if beyond <= 0:
            return 1.0
        return max(0.0, 1.0 - beyond / config.falloff) if config.falloff else 0.0
