"""Which of a teacher's answers to a row is kept, and why a row has none.

Source: self-consistency, the most frequent of several drawn answers (Wang et al. 2023,
arXiv:2203.11171, section 2).
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tuneful.core.artifact import digest
from tuneful.core.errors import RecipeError
from tuneful.core.lines import cut_to_lines, read_lines
from tuneful.data.columns.json_schema import fits, unknown_words
from tuneful.grading.graders.base import Answer, json_of
from tuneful.grading.panel import Graded, Panel

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from typing import Any

    from tuneful.core.store import Store
    from tuneful.data.message import Turns
    from tuneful.recipe.data import Answers

NO_END, NO_ROOM, NO_WORD = "no end", "no room", "no word"
NO_REPLY, REFUSED = "no reply", "refused"
OTHER_SHAPE, NO_AGREEMENT, UNGRADED, POOR = "other shape", "no agreement", "not graded", "poor"
SAME_ROW = "the same row was there"
"""Why an answer is left out."""
GRADED_AT_ONCE = 8
"""As many questions as a judge is asked at once; what a killed process has to ask again."""


@dataclass(frozen=True, slots=True)
class Said:
    """An answer of the teacher.

    Attributes:
        text: Its words.
        why: Why it cannot be kept; "" where it can.
        detail: More of why, for a person.
        share: Of the samples, how many said the same.
        score: The graders' weighted sum; None where none was asked.
    """

    text: str
    why: str = ""
    detail: str = ""
    share: float = 1.0
    score: float | None = None


class Choice:
    """Keeps what fits the schema, what most samples agree on, and what graders find good enough.

    Args:
        how: What is kept.
        store: Where models that grade stand.
        marks: File that marks are kept in as they are given, a judge's may cost; None for none.

    Raises:
        RecipeError: The schema has words that are not known here, or graders cannot be made.
    """

    def __init__(self, how: Answers, store: Store, marks: Path | None = None) -> None:
        self._how, self._marks = how, marks
        unknown = unknown_words(how.json_schema) if how.json_schema is not None else []
        if unknown:
            raise RecipeError(
                f"The schema has words that are not known: {', '.join(unknown)}.",
                where="data.answers.json_schema",
                fix="Leave them out; validation by part of a schema would pass wrong answers.",
            )
        graders: Any = how.graders
        self._panel = Panel(graders, store, where="data.answers.graders") if graders else None
        self._known: dict[str, float] = {}
        if marks is not None:
            cut_to_lines(marks)
            self._known = {line["key"]: line["mark"] for line in read_lines(marks)}

    def close(self) -> None:
        """End the graders' process."""
        if self._panel:
            self._panel.close()

    def of(self, prompts: Sequence[Turns], samples: Sequence[Sequence[Said]]) -> list[Said]:
        """The answer of each row, from its samples."""
        chosen = [self._agreed([self._fitting(one) for one in row]) for row in samples]
        if not self._how.graders:
            return chosen
        open_ = [number for number, one in enumerate(chosen) if not one.why]
        asked = [Answer(chosen[number].text, prompt=prompts[number]) for number in open_]
        for number, graded in zip(open_, self._graded(asked), strict=True):
            said = replace(chosen[number], score=graded.reward)
            if graded.reward is None:
                reasons = ", ".join(f"{t}: {f.reason}" for t, f in graded.failed.items())
                said = replace(said, why=UNGRADED, detail=reasons)
            elif graded.reward < self._how.at_least:
                said = replace(said, why=POOR)
            chosen[number] = said
        return chosen

    def _graded(self, answers: Sequence[Answer]) -> list[Graded]:
        """Of each answer; a mark that an earlier call was given is not asked for again."""
        assert self._panel is not None
        keys = [digest([[t.to_json() for t in one.prompt], one.text]) for one in answers]
        found = {key: Graded({}, reward=self._known[key]) for key in keys if key in self._known}
        open_ = [number for number, key in enumerate(keys) if key not in found]
        for start in range(0, len(open_), GRADED_AT_ONCE):
            some = open_[start : start + GRADED_AT_ONCE]
            graded = self._panel.grade([answers[number] for number in some])
            found |= {keys[number]: one for number, one in zip(some, graded, strict=True)}
            self._note({keys[number]: found[keys[number]].reward for number in some})
        return [found[key] for key in keys]

    def _note(self, marks: Mapping[str, float | None]) -> None:
        if self._marks is not None:
            given = {key: mark for key, mark in marks.items() if mark is not None}
            lines = [json.dumps({"key": key, "mark": mark}) + "\n" for key, mark in given.items()]
            with self._marks.open("a", encoding="utf-8") as file:
                file.write("".join(lines))

    def _fitting(self, one: Said) -> Said:
        schema = self._how.json_schema
        if one.why or schema is None:
            return one
        value = json_of(one.text, whole=True)
        right = (value is not None or one.text.strip() == "null") and fits(value, schema)
        return one if right else replace(one, why=OTHER_SHAPE)

    def _agreed(self, row: Sequence[Said]) -> Said:
        """The first of those that most samples agree with; what failed counts as said otherwise."""
        whole = [one for one in row if not one.why]
        if not whole:
            return row[0]
        votes = Counter(_meaning(one.text) for one in whole)
        most, count = votes.most_common(1)[0]
        said = replace(
            next(one for one in whole if _meaning(one.text) == most), share=count / len(row)
        )
        return said if said.share >= self._how.agreement else replace(said, why=NO_AGREEMENT)


def _meaning(text: str) -> str:
    """What two answers have in common that say the same."""
    value = json_of(text, whole=True)
    if isinstance(value, dict | list):
        return json.dumps(value, sort_keys=True)
    return " ".join(text.lower().split())
