"""Graders: a score for an answer. To add one: a file here and a line in GRADERS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuneful.core.registry import Registry

if TYPE_CHECKING:
    from typing import Any

GRADERS: Registry[Any] = Registry(
    "grader",
    {
        "classifier": "tuneful.grading.graders.classifier:Classifier",
        "json_schema": "tuneful.grading.graders.json_schema:JsonSchema",
        "judge": "tuneful.grading.graders.judge:Judge",
        "length": "tuneful.grading.graders.length:Length",
        "numeric": "tuneful.grading.graders.numeric:Numeric",
        "python": "tuneful.grading.graders.python:Python",
        "regex": "tuneful.grading.graders.regex:Regex",
        "reward_model": "tuneful.grading.graders.reward_model:RewardModel",
        "string_check": "tuneful.grading.graders.string_check:StringCheck",
        "tool_call": "tuneful.grading.graders.tool_call:ToolCall",
    },
)
"""Each is a `Grader` (one answer at a time, in a process of its own) or a `Jury` (many at once)."""
