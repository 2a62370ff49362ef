"""A text that the answer must be, hold, begin or end with.

Score: 1 where it does, else 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from tuneful.grading.graders.base import GraderConfig, field_of

if TYPE_CHECKING:
    from tuneful.grading.graders.base import Answer


class StringCheckConfig(GraderConfig):
    """Settings of a comparison of texts."""

    name: Literal["string_check"] = Field(
        default="string_check", description="Compare the answer with a text."
    )
    text: str | None = Field(
        default=None, description="What to compare with; the row's reference if empty."
    )
    check: Literal["equals", "differs", "contains", "starts", "ends"] = Field(
        default="equals", description="How answer and text must stand to each other."
    )
    field: str = Field(
        default="",
        description="Compare this field of the JSON object in the answer (and in the reference).",
    )
    ignore_case: bool = Field(default=True, description="Whether A is a.")


class StringCheck:
    """Whether the answer is, holds, begins or ends with a text."""

    Config: ClassVar[type[StringCheckConfig]] = StringCheckConfig

    def __init__(self, config: StringCheckConfig) -> None:
        self.config = config

    def grade(self, answer: Answer) -> float:
        """1 or 0; spaces around either text do not count."""
        config = self.config
        said = field_of(answer.text, config.field)
        meant = config.text
        if meant is None:
            meant = field_of(answer.reference, config.field)
        if said is None or meant is None:
            return 0.0
        said, meant = said.strip(), meant.strip()
        if config.ignore_case:
            said, meant = said.casefold(), meant.casefold()
        holds = {
            "equals": said == meant,
            "differs": said != meant,
            "contains": meant in said,
            "starts": said.startswith(meant),
            "ends": said.endswith(meant),
        }
        return float(holds[config.check])
