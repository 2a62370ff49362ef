r"""Rules of style: the share of answers that keep to one.

Each takes what it asks for after a colon: "regex:^\d+$" (found somewhere in the answer, without
spaces around it), "words:5-60" (also "words:-60", "words:5-"), "uses:thank you|please" and
"avoids:as an AI|unfortunately" (whole words, whatever their case), "reading_grade:8" (at most, by
evaluating.reading).
"""

from __future__ import annotations

import re
from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar

from tuneful.core.errors import DataError
from tuneful.evaluating.metrics.base import Mean
from tuneful.evaluating.reading import grade

if TYPE_CHECKING:
    from tuneful.evaluating.measures.answers import AnswerSample
    from tuneful.evaluating.measures.graded import GradedSample
    from tuneful.evaluating.measures.preferences import PreferenceSample
    from tuneful.evaluating.metrics.base import Array

WORD = re.compile(r"\w[\w'\u2019-]*")


class Rule(Mean):
    """The share of answers that keep to a rule."""

    measures: ClassVar[tuple[str, ...]] = ("answers", "preferences", "graded")

    def statistics(self, sample: AnswerSample | PreferenceSample | GradedSample) -> Array:
        """1 for each answer that does: [N, 1]."""
        import numpy as np

        return np.array([[float(self.keeps(said.strip()))] for said in sample.answers])

    @abstractmethod
    def keeps(self, said: str) -> bool:
        """Whether an answer keeps to the rule."""


class Regex(Rule):
    """The share of answers in which a pattern is found."""

    def __init__(self, part: str = "") -> None:
        super().__init__(part)
        try:
            self._pattern = re.compile(part, re.DOTALL)
        except re.error as error:
            raise _no_rule(
                f"regex:{part}", f"The pattern is no regular expression: {error}."
            ) from None
        if not part:
            raise _no_rule("regex", "The metric regex has no pattern.")

    @property
    def title(self) -> str:
        """The pattern."""
        return f"matches {self.part}"

    def keeps(self, said: str) -> bool:
        """Whether it is found."""
        return self._pattern.search(said) is not None


class Words(Rule):
    """The share of answers with a number of words in a range."""

    def __init__(self, part: str = "") -> None:
        super().__init__(part)
        ends = re.fullmatch(r"(\d*)-(\d*)", part)
        if ends is None or part == "-":
            raise _no_rule(f"words:{part}", "The metric words has no range.")
        self._low, self._high = int(ends[1] or 0), int(ends[2] or 1 << 60)

    @property
    def title(self) -> str:
        """The range."""
        return f"{self.part} words"

    def keeps(self, said: str) -> bool:
        """Whether the answer's words are so many."""
        return self._low <= len(WORD.findall(said)) <= self._high


class Uses(Rule):
    """The share of answers that use one of some words."""

    name: ClassVar[str] = "uses"

    def __init__(self, part: str = "") -> None:
        super().__init__(part)
        words = [re.escape(word.strip()) for word in part.split("|") if word.strip()]
        if not words:
            raise _no_rule(self.name, f"The metric {self.name} has no words.")
        self._pattern = re.compile(rf"(?<!\w)(?:{'|'.join(words)})(?!\w)", re.IGNORECASE)

    @property
    def title(self) -> str:
        """The words."""
        return f"{self.name} {self.part}"

    def keeps(self, said: str) -> bool:
        """Whether one of them is there."""
        return self._pattern.search(said) is not None


class Avoids(Uses):
    """The share of answers that use none of some words."""

    name: ClassVar[str] = "avoids"

    def keeps(self, said: str) -> bool:
        """Whether none of them is there."""
        return self._pattern.search(said) is None


class ReadingGrade(Rule):
    """The share of answers that can be read with so many years of school; one without words can."""

    def __init__(self, part: str = "") -> None:
        super().__init__(part)
        if not re.fullmatch(r"\d+(\.\d+)?", part):
            raise _no_rule(f"reading_grade:{part}", "The metric reading_grade has no grade.")
        self._most = float(part)

    @property
    def title(self) -> str:
        """The grade."""
        return f"reading grade up to {self.part}"

    def keeps(self, said: str) -> bool:
        """Whether the answer's grade is at most this."""
        return grade(said) <= self._most


def _no_rule(where: str, problem: str) -> DataError:
    return DataError(
        problem,
        where=f"evaluate.metrics: {where}",
        fix="Write regex:PATTERN, words:5-60, uses:WORD|WORD, avoids:WORD|WORD or reading_grade:8.",
    )
