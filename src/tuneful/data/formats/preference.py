"""Two answers to the same prompt, of which one is preferred."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from tuneful.data.columns.cells import (
    PROMPT,
    answer_of,
    asked,
    asks_alike,
    beside_prompt,
    number_of,
    whole_prompt,
)
from tuneful.data.formats.base import BadValue, Convert, Converted, Match, Sample
from tuneful.data.rows import Preference, to_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tuneful.data.message import Turns
    from tuneful.data.rows import Row

CHOSEN, REJECTED = (("chosen", "preferred", "chosen_response"),), (("rejected", "non_preferred"),)
MARGIN = (("margin",),)
ASKED = (*PROMPT, ("conversations", "conversation"))
"""LLaMA-Factory has turns in conversations, and chosen and rejected are one turn each."""


class PreferenceFormat:
    """Columns chosen and rejected, with prompt beside them or inside both as TRL has it."""

    rows: ClassVar[str] = "preference"
    writes: ClassVar[tuple[str, ...]] = ("preference",)
    is_plain: ClassVar[bool] = True
    ours: ClassVar[tuple[str, ...]] = ("prompt", "chosen", "rejected", "margin", "input", "system")
    wants: ClassVar[str] = "columns chosen and rejected, and prompt unless both begin with it"

    def detect(self, sample: Sample) -> Match | None:
        """Both answers by name."""
        chosen, rejected = sample.pick("chosen", *CHOSEN), sample.pick("rejected", *REJECTED)
        if chosen is None or rejected is None:
            return None
        found = {"chosen": chosen, "rejected": rejected}
        for ours, names in (("prompt", ASKED), ("margin", MARGIN)):
            column = sample.pick(ours, *names)
            found |= {ours: column} if column else {}
        if "prompt" in found:
            found |= beside_prompt(sample, found["prompt"])
        return Match(found, f"columns {chosen!r} and {rejected!r}")

    def converter(self, match: Match, sample: Sample) -> Convert:
        """Turns that both answers begin with become the prompt where none is given.

        Copies are judged by the prompt, or by the answers where every prompt is the same.
        """
        columns = match.columns
        is_same = asks_alike(sample, columns.get("prompt"))

        def convert(values: Mapping[str, Any]) -> Converted:
            chosen = answer_of(values.get(columns["chosen"]), columns["chosen"])
            rejected = answer_of(values.get(columns["rejected"]), columns["rejected"])
            prompt: Turns = ()
            if "prompt" in columns:
                prompt = whole_prompt(values, columns)
            prompt, chosen, rejected = _apart(prompt, chosen, rejected)
            margin = columns.get("margin")
            apart = number_of(values.get(margin), margin) if margin else 0.0
            key = "\n".join(turn.content for turn in (*chosen, *rejected))
            row = Preference(prompt, chosen, rejected, apart)
            return Converted(row, key if is_same else asked(prompt))

        return convert

    def record(self, row: Row) -> dict[str, Any]:
        """The row's own columns."""
        return to_json(row)


def _apart(prompt: Turns, chosen: Turns, rejected: Turns) -> tuple[Turns, Turns, Turns]:
    """Prompt and answers without the turns that both share."""
    if prompt and chosen[: len(prompt)] == prompt and rejected[: len(prompt)] == prompt:
        chosen, rejected = chosen[len(prompt) :], rejected[len(prompt) :]
    while chosen and rejected and chosen[0] == rejected[0]:
        prompt, chosen, rejected = (*prompt, chosen[0]), chosen[1:], rejected[1:]
    if not (chosen and rejected):
        raise BadValue("The chosen answer is the rejected one.", "Give two different answers")
    if not any(turn.role == "user" for turn in prompt):
        raise BadValue("There is no prompt before the answers.", "Name a column prompt")
    return prompt, chosen, rejected
