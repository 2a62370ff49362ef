"""Prompts that the model goes on with by itself, for methods that grade what it says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from tuneful.data.columns.calls import tools_of
from tuneful.data.columns.cells import (
    PROMPT,
    asked,
    beside_prompt,
    json_in,
    object_in,
    whole_prompt,
)
from tuneful.data.columns.chats import ends_open
from tuneful.data.formats.base import Convert, Converted, Match, Sample, plain, text_of
from tuneful.data.rows import Prompt, to_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tuneful.data.rows import Row

REFERENCE = (
    ("reference", "ground_truth", "solution"),
    ("answer", "completion", "label"),
    ("reward_model",),
)
"""reward_model: {"ground_truth": …}, as verl and SageMaker have it."""
TOOLS = (("tools", "functions", "function"),)


class PromptFormat:
    """A column prompt; a reference for graders and tools may stand beside it."""

    rows: ClassVar[str] = "prompt"
    writes: ClassVar[tuple[str, ...]] = ("prompt",)
    is_plain: ClassVar[bool] = False
    ours: ClassVar[tuple[str, ...]] = ("prompt", "reference", "tools", "input", "system")
    wants: ClassVar[str] = "a column prompt; input and system, reference and tools as needed"

    def detect(self, sample: Sample) -> Match | None:
        """The prompt by name."""
        prompt = sample.pick("prompt", *PROMPT)
        if prompt is None or (_is_reinforcement(sample, prompt) and sample.asked == "auto"):
            return None
        found = {"prompt": prompt, **beside_prompt(sample, prompt)}
        for ours, names in (("reference", REFERENCE), ("tools", TOOLS)):
            column = sample.pick(ours, *names)
            found |= {ours: column} if column else {}
        return Match.of(found)

    def converter(self, match: Match, sample: Sample) -> Convert:
        """Assistant's turns at the end of the prompt are left out."""
        del sample
        columns = match.columns
        reference, tools = columns.get("reference"), columns.get("tools")

        def convert(values: Mapping[str, Any]) -> Converted:
            prompt = whole_prompt(values, columns)
            lost: tuple[str, ...] = ()
            while len(prompt) > 1 and prompt[-1].role == "assistant":
                prompt, lost = prompt[:-1], ("the answer at the end",)
            right = _right(values.get(reference), reference) if reference else ""
            offered = tools_of(values.get(tools), tools) if tools else ()
            return Converted(Prompt(prompt, right, offered), asked(prompt), lost=lost)

        return convert

    def record(self, row: Row) -> dict[str, Any]:
        """The row's own columns."""
        return to_json(row)


def _is_reinforcement(sample: Sample, column: str) -> bool:
    """Whether the prompts are messages that nobody answers: OpenAI's reinforcement form."""
    is_named = plain(column) == "messages" and "prompt" not in sample.chosen
    return is_named and ends_open(sample, column)


def _right(value: object, column: str) -> str:
    """What graders look at: text, or what reward_model calls ground_truth."""
    found = object_in(json_in(value))
    return text_of(found.get("ground_truth", value), column)
