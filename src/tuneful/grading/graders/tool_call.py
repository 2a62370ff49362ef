"""Calls of functions that the answer must make: the reference's, by name and arguments.

Score: 1 for the right calls with accepted arguments in any order, `for_names` where only the
functions are right, else 0. The reference is JSON: a list of {"name", "arguments"} as a chat row's
answer is, or with all accepted values (data.accepted).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from tuneful.data.columns.accepted import accepts, read_accepted
from tuneful.grading.graders.base import GraderConfig
from tuneful.models.tools import read_calls

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tuneful.grading.graders.base import Answer


class ToolCallConfig(GraderConfig):
    """Settings of a comparison of calls."""

    name: Literal["tool_call"] = Field(
        default="tool_call", description="Compare the answer's calls with the reference's."
    )
    for_names: float = Field(
        default=0.0, description="Score where the functions are right and arguments are not."
    )


class ToolCall:
    """Whether the answer calls the right functions with the right arguments."""

    Config: ClassVar[type[ToolCallConfig]] = ToolCallConfig

    def __init__(self, config: ToolCallConfig) -> None:
        self.config = config

    def grade(self, answer: Answer) -> float:
        """0 to 1.

        Raises:
            ValueError: The reference holds no call.
        """
        meant = read_accepted(answer.reference)
        if meant is None:
            raise ValueError(f"the reference {answer.reference[:60]!r} holds no call")
        said = read_calls(answer.text)
        if said is None or _names(said) != _names(meant):
            return 0.0
        return 1.0 if accepts(said, meant) else self.config.for_names


def _names(calls: Sequence[dict[str, Any]]) -> list[str]:
    return sorted(call["name"] for call in calls)
