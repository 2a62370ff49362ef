"""pass@k: how likely one of k answers is a program that passes the row's tests.

A row's `reference` holds code that tests the answer's: it is run after it and must reach its end.
The answer's code is its first fenced block, or the whole answer. "pass_at_k" is of one answer, the
likeliest; "pass_at_k:5" needs evaluate.samples of 5 or more, drawn at evaluate.temperature, and is
the unbiased estimate of Chen et al. 2021 (arXiv:2107.03374), equation 1: with c of n passing,
1 - C(n - c, k) / C(n, k).

Programs run in grading.sandbox, each by itself; what takes too long or too much has not passed.
"""

from __future__ import annotations

import re
from math import comb
from typing import TYPE_CHECKING, ClassVar

from tuneful.core.errors import DataError
from tuneful.evaluating.metrics.base import Ratio
from tuneful.grading.sandbox import run_all

if TYPE_CHECKING:
    from tuneful.evaluating.measures.answers import AnswerSample
    from tuneful.evaluating.metrics.base import Array

FENCE = re.compile(r"^```[^\n`]*\n(.*?)(?:^```|\Z)", re.DOTALL | re.MULTILINE)


class PassAtK(Ratio):
    """The mean over rows that have tests."""

    measures: ClassVar[tuple[str, ...]] = ("answers",)
    undefined: ClassVar[str] = "no test row has code in its column reference"

    def __init__(self, part: str = "") -> None:
        super().__init__(part)
        if part and not (part.isdecimal() and int(part)):
            raise DataError(
                f"{part!r} is no number of answers.",
                where=f"evaluate.metrics: pass_at_k:{part}",
                fix="Write pass_at_k, or pass_at_k:5 with evaluate.samples: 5 or more.",
            )
        self._k = int(part or 1)

    @property
    def title(self) -> str:
        """With the number of answers."""
        return f"pass@{self._k}"

    def statistics(self, sample: AnswerSample) -> Array:
        """The estimate for each row with tests, and 1: [N, 2].

        Raises:
            DataError: Fewer answers were drawn than k.
        """
        import numpy as np

        groups = sample.drawn or tuple((answer,) for answer in sample.answers)
        fewest = min((len(group) for group in groups), default=0)
        if fewest < self._k:
            raise DataError(
                f"pass@{self._k} needs {self._k} answers to each row, and there is {fewest}.",
                where="evaluate.samples",
                fix=f"Set it to {self._k} or more.",
            )
        tested = [number for number, test in enumerate(sample.tests) if test.strip()]
        programs = [
            f"{code_of(answer)}\n\n{sample.tests[number]}\n"
            for number in tested
            for answer in groups[number]
        ]
        passed = iter([ran.outcome == "passed" for ran in run_all(programs)])
        found = np.zeros((len(groups), 2))
        for number in tested:
            right = sum(next(passed) for _ in groups[number])
            found[number] = at_least_one(len(groups[number]), right, self._k), 1.0
        return found


def code_of(answer: str) -> str:
    """The first fenced block of an answer, or all of it."""
    fence = FENCE.search(answer)
    return fence[1] if fence else answer


def at_least_one(num: int, right: int, k: int) -> float:
    """How likely k of `num` answers, drawn without putting back, hold one of the `right`.

    >>> at_least_one(5, 2, 1), at_least_one(5, 2, 4)
    (0.4, 1.0)
    """
    return 1 - comb(num - right, k) / comb(num, k)
