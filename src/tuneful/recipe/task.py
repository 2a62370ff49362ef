"""A task as a file: questions with right and wrong answers, and how they are told apart."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from tuneful.recipe.closed import Closed


class TaskFile(Closed):
    """What a task's YAML file may say."""

    version: Literal[1] = 1
    name: str
    about: str = Field(description="What it asks for, in a line.")
    metric: str = Field(
        default="choice",
        description="choice: of the right and the wrong answers, the right one must be the "
        "likeliest for the model (log p by byte). Else the name of a metric of answers that is a "
        "share of rows, as in evaluate.metrics: the model answers, and the metric judges.",
    )
    system: str = Field(default="", description="The system turn, if it has one.")
    prompt: str = Field(
        default="{user}",
        description="The user's turn; {column} stands for a row's value.",
    )
    max_new_tokens: int = Field(default=32, ge=1, description="Longest answer.")
    rows: list[dict[str, Any]] = Field(
        default_factory=list[dict[str, Any]],
        description="Columns of the prompt, and gold: a right answer, and wrong: one or several.",
    )
    source: str = Field(
        default="", description="Rows from elsewhere, as in data.source; paths from the file's."
    )
    take: int | None = Field(default=None, ge=1, description="The first rows alone.")
