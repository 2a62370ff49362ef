"""A pattern that the answer must match.

Score: 1 where it does, else 0. A pattern that takes forever on an answer costs that answer.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field, field_validator

from tuneful.grading.graders.base import GraderConfig

if TYPE_CHECKING:
    from tuneful.grading.graders.base import Answer


class RegexConfig(GraderConfig):
    """Settings of a pattern."""

    name: Literal["regex"] = Field(default="regex", description="Match the answer with a pattern.")
    pattern: str = Field(description="A regular expression, as Python's re reads it.")
    whole: bool = Field(
        default=False, description="The whole answer must match; otherwise a part will do."
    )

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"it is no regular expression: {error}") from error
        return pattern


class Regex:
    """Whether the answer matches a pattern."""

    Config: ClassVar[type[RegexConfig]] = RegexConfig

    def __init__(self, config: RegexConfig) -> None:
        compiled = re.compile(config.pattern, re.DOTALL)
        self.matches = compiled.fullmatch if config.whole else compiled.search

    def grade(self, answer: Answer) -> float:
        """1 or 0; spaces around the answer do not count."""
        return float(self.matches(answer.text.strip()) is not None)
