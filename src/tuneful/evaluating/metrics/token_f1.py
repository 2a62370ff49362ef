"""Token F1: words that answer and reference share (SQuAD, Rajpurkar et al. 2016, 1606.05250)."""

from __future__ import annotations

import re
import string
from collections import Counter
from typing import TYPE_CHECKING, ClassVar

from tuneful.evaluating.metrics.base import Mean

if TYPE_CHECKING:
    from tuneful.evaluating.measures.answers import AnswerSample
    from tuneful.evaluating.metrics.base import Array

ARTICLES = re.compile(r"\b(a|an|the)\b")
PUNCTUATION = str.maketrans("", "", string.punctuation)


class TokenF1(Mean):
    """The mean over rows of the F1 of words, each counted as often as both have it."""

    measures: ClassVar[tuple[str, ...]] = ("answers",)
    title: ClassVar[str] = "token F1"

    def statistics(self, sample: AnswerSample) -> Array:
        """F1 of each row: [N, 1]."""
        import numpy as np

        pairs = zip(sample.answers, sample.references, strict=True)
        return np.array([[f1(words(said), words(meant))] for said, meant in pairs])


def words(text: str) -> list[str]:
    """Words in lower case, without punctuation and English articles."""
    return ARTICLES.sub(" ", text.lower().translate(PUNCTUATION)).split()


def f1(said: list[str], meant: list[str]) -> float:
    """F1 of two bags of words; two empty ones agree."""
    if not said or not meant:
        return float(said == meant)
    shared = (Counter(said) & Counter(meant)).total()
    return 2 * shared / (len(said) + len(meant))
