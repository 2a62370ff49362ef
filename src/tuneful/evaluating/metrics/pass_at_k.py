"""pass@k: how likely one of k answers is a program that passes the row's tests.

A row's `reference` holds code that tests the answer's: it is run after it and must reach its end.
The answer's code is its first fenced block, or the whole answer. "pass_at_k" is of one answer, the
likeliest; "pass_at_k:5" needs evaluate.samples of 5 or more, drawn at evaluate.temperature, and is
the unbiased estimate of Chen et al. 2021 (arXiv:2107.03374), equation 1: with c of n passing,
1 - C(n - c, k) / C(n, k).

A task's rows may hold a program's first lines, such as a function up to its body. They stand before
the answer's code, which goes on from them or writes the whole again.

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


STOP = re.compile(r"^(?:class|def|#|if|print)", re.MULTILINE)
"""Where a continuation ends: Chen et al.'s stop sequences, section 3.2."""


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

    def check(self, num: int) -> None:
        """Refuse fewer answers to each row than k.

        Raises:
            DataError: There are fewer.
        """
        if num < self._k:
            raise DataError(
                f"pass@{self._k} needs {self._k} answers to each row, and there is {num}.",
                where="evaluate.samples",
                fix=f"Set it to {self._k} or more.",
            )

    def statistics(self, sample: AnswerSample) -> Array:
        """The estimate for each row with tests, and 1: [N, 2].

        Raises:
            DataError: Fewer answers were drawn than k.
        """
        import numpy as np

        groups = sample.drawn or tuple((answer,) for answer in sample.answers)
        self.check(min((len(group) for group in groups), default=0))
        tested = [number for number, test in enumerate(sample.tests) if test.strip()]
        begun = sample.begun or ("",) * len(groups)
        programs = {
            number: [program_of(one, begun[number], sample.tests[number]) for one in groups[number]]
            for number in tested
        }
        different = list(dict.fromkeys(one for some in programs.values() for one in some))
        ran = dict(zip(different, run_all(different), strict=True))
        found = np.zeros((len(groups), 2))
        for number, some in programs.items():
            right = sum(ran[one].outcome == "passed" for one in some)
            found[number] = at_least_one(len(some), right, self._k), 1.0
        return found


def code_of(answer: str) -> str:
    """The first fenced block of an answer, or all of it."""
    fence = FENCE.search(answer)
    return fence[1] if fence else answer


def program_of(answer: str, beginning: str, tests: str) -> str:
    """The program that is run: beginning, the answer's code, tests.

    Code that begins with white space goes on from the beginning's last line, up to the first line
    that no longer belongs to a function (STOP). Other code is written anew below it.
    """
    code = code_of(answer)
    if beginning and code.lstrip("\r\n")[:1].isspace():
        code = STOP.split(code, maxsplit=1)[0]
    return f"{beginning}\n{code}\n\n{tests}\n" if beginning else f"{code}\n\n{tests}\n"


def at_least_one(num: int, right: int, k: int) -> float:
    """How likely k of `num` answers, drawn without putting back, hold one of the `right`.

    >>> at_least_one(5, 2, 1), at_least_one(5, 2, 4)
    (0.4, 1.0)
    """
    return 1 - comb(num - right, k) / comb(num, k)
