"""Several answers to a prompt with the ranks people gave them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from tuneful.data.columns.cells import (
    PROMPT,
    asked,
    asks_alike,
    beside_prompt,
    list_of,
    number_of,
    whole_prompt,
)
from tuneful.data.formats.base import BadValue, Convert, Converted, Match, Sample
from tuneful.data.rows import Ranked, to_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tuneful.data.rows import Row

ANSWERS = (("answers", "responses", "completions"),)
RANKS = (("ranks", "ranking", "rank"),)
SCORES = (("scores", "ratings"),)


class RankedFormat:
    """A prompt, a list of answers, and a list of ranks (1 is best) or scores (more is better)."""

    rows: ClassVar[str] = "ranked"
    writes: ClassVar[tuple[str, ...]] = ("ranked",)
    is_plain: ClassVar[bool] = True
    ours: ClassVar[tuple[str, ...]] = ("prompt", "answers", "ranks", "scores", "input", "system")
    wants: ClassVar[str] = "columns prompt, answers and ranks (or scores), lists of equal length"

    def detect(self, sample: Sample) -> Match | None:
        """Prompt and answers by name, and ranks or scores."""
        answers = sample.pick("answers", *ANSWERS)
        ranks, scores = sample.pick("ranks", *RANKS), sample.pick("scores", *SCORES)
        prompt = sample.pick("prompt", *PROMPT) if answers and (ranks or scores) else None
        if prompt is None or answers is None:
            return None
        found = {"prompt": prompt, "answers": answers, **beside_prompt(sample, prompt)}
        found |= {"ranks": ranks} if ranks else {"scores": str(scores)}
        return Match.of(found)

    def converter(self, match: Match, sample: Sample) -> Convert:
        """Scores become ranks: the highest is 1, equal ones share a rank."""
        columns = match.columns
        is_same = asks_alike(sample, columns["prompt"])
        order = columns.get("ranks") or columns["scores"]

        def convert(values: Mapping[str, Any]) -> Converted:
            prompt = whole_prompt(values, columns)
            answers = list_of(values.get(columns["answers"]), columns["answers"])
            numbers = [number_of(part, order) for part in list_of(values.get(order), order)]
            if len(answers) != len(numbers) or len(answers) < 2:
                problem = f"The row has {len(answers)} answers and {len(numbers)} ranks."
                raise BadValue(problem, "Give at least two answers, and every answer one rank")
            lost = () if "ranks" in columns else ("scores, which become ranks",)
            if lost:
                numbers = [1.0 + sum(other > own for other in numbers) for own in numbers]
            key = "\n".join(answers) if is_same else asked(prompt)
            return Converted(Ranked(prompt, tuple(answers), tuple(numbers)), key, lost=lost)

        return convert

    def record(self, row: Row) -> dict[str, Any]:
        """The row's own columns."""
        return to_json(row)
