"""ROUGE-L: the longest common subsequence of words (Lin 2004), as F-measure.

Words are runs of a-z and 0-9 in lower case, without stemming: what the package rouge-score does by
default. Texts in other scripts have no such words; use token F1 for them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

from tuneful.evaluating.metrics.base import Mean

if TYPE_CHECKING:
    from tuneful.evaluating.measures.answers import AnswerSample
    from tuneful.evaluating.metrics.base import Array

WORD = re.compile(r"[a-z0-9]+")


class RougeL(Mean):
    """The mean over rows."""

    measures: ClassVar[tuple[str, ...]] = ("answers",)
    title: ClassVar[str] = "ROUGE-L"

    def statistics(self, sample: AnswerSample) -> Array:
        """ROUGE-L of each row: [N, 1]."""
        import numpy as np

        pairs = zip(sample.answers, sample.references, strict=True)
        return np.array([[rouge_l(said, meant)] for said, meant in pairs])


def rouge_l(said: str, meant: str) -> float:
    """2 LCS / (words of both); 0 where either has no word."""
    one, other = WORD.findall(said.lower()), WORD.findall(meant.lower())
    total = len(one) + len(other)
    return 2 * longest_common(one, other) / total if one and other else 0.0


def longest_common(one: list[str], other: list[str]) -> int:
    """Length of the longest common subsequence, a word of `other` at a time on all of `one`.

    Bits of one integer stand for the words of `one` (Hyyrö 2004): no table of all pairs.
    """
    places: dict[str, int] = {}
    for number, word in enumerate(one):
        places[word] = places.get(word, 0) | 1 << number
    all_bits = (1 << len(one)) - 1
    row = all_bits
    for word in other:
        matched = row & places.get(word, 0)
        row = (row + matched | row - matched) & all_bits
    return len(one) - row.bit_count()
