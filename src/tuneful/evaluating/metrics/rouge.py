"""ROUGE (Lin 2004), as F-measure: shared words, pairs of words, and the longest common subsequence.

Words are runs of a-z and 0-9 in lower case, without stemming: what the package rouge-score does by
default. Texts in other scripts have no such words; use token F1 or chrF for them.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, ClassVar

from tuneful.evaluating.metrics.base import Mean

if TYPE_CHECKING:
    from tuneful.evaluating.measures.answers import AnswerSample
    from tuneful.evaluating.metrics.base import Array

WORD = re.compile(r"[a-z0-9]+")


class Rouge1(Mean):
    """The F-measure of single words, the mean over rows."""

    measures: ClassVar[tuple[str, ...]] = ("answers",)
    title: ClassVar[str] = "ROUGE-1"
    size: ClassVar[int] = 1

    def statistics(self, sample: AnswerSample) -> Array:
        """ROUGE-N of each row: [N, 1]."""
        import numpy as np

        pairs = zip(sample.answers, sample.references, strict=True)
        return np.array([[rouge_n(said, meant, self.size)] for said, meant in pairs])


class Rouge2(Rouge1):
    """The F-measure of pairs of neighbouring words, the mean over rows."""

    title: ClassVar[str] = "ROUGE-2"
    size: ClassVar[int] = 2


class RougeL(Mean):
    """The F-measure of the longest common subsequence of words, the mean over rows."""

    measures: ClassVar[tuple[str, ...]] = ("answers",)
    title: ClassVar[str] = "ROUGE-L"

    def statistics(self, sample: AnswerSample) -> Array:
        """ROUGE-L of each row: [N, 1]."""
        import numpy as np

        pairs = zip(sample.answers, sample.references, strict=True)
        return np.array([[rouge_l(said, meant)] for said, meant in pairs])


def rouge_n(said: str, meant: str, size: int) -> float:
    """2 shared / all n-grams of both, each counted as often as both have it; 0 where none is."""
    one, other = _grams(said, size), _grams(meant, size)
    return 2 * (one & other).total() / max(1, one.total() + other.total())


def _grams(text: str, size: int) -> Counter[tuple[str, ...]]:
    words = WORD.findall(text.lower())
    return Counter(zip(*(words[at:] for at in range(size)), strict=False))


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
