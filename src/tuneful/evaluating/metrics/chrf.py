"""chrF: n-grams of characters that answers and references share (Popović 2015).

For any script and without a tokenizer. Precision and recall of 1 to 6 characters, without spaces,
are averaged over lengths and joined with recall counting twice: what sacrebleu's chrF2 is.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, ClassVar, Literal

if TYPE_CHECKING:
    from tuneful.evaluating.measures.answers import AnswerSample
    from tuneful.evaluating.metrics.base import Array

LONGEST = 6
BETA2 = 2**2


class Chrf:
    """Of all answers together: n-grams are counted over the whole set, not averaged over rows."""

    better: ClassVar[Literal["higher", "lower"]] = "higher"
    is_share: ClassVar[bool] = True
    measures: ClassVar[tuple[str, ...]] = ("answers",)
    title: ClassVar[str] = "chrF"

    def __init__(self, part: str = "") -> None:
        self.part = part

    def statistics(self, sample: AnswerSample) -> Array:
        """N-grams of the answer, of the reference, and shared, by their length: [N, 3 * 6]."""
        import numpy as np

        pairs = zip(sample.answers, sample.references, strict=True)
        return np.array([_counts(said, meant) for said, meant in pairs], dtype=np.float64)

    def combine(self, sums_RK: Array, num_rows: int) -> Array:
        """F2 of the mean precision and recall over lengths that both sides have."""
        import numpy as np

        del num_rows
        said_RL, meant_RL, shared_RL = np.split(sums_RK, 3, axis=1)
        has_RL = (said_RL > 0) & (meant_RL > 0)
        lengths_R = np.maximum(1, has_RL.sum(axis=1))
        precision_R, recall_R = (
            np.divide(shared_RL, of_RL, out=np.zeros_like(of_RL), where=has_RL).sum(axis=1)
            / lengths_R
            for of_RL in (said_RL, meant_RL)
        )
        below_R = BETA2 * precision_R + recall_R
        above_R = (1 + BETA2) * precision_R * recall_R
        return np.divide(above_R, below_R, out=np.zeros_like(below_R), where=below_R > 0)


def _counts(said: str, meant: str) -> list[int]:
    counts: list[list[int]] = []
    one, other = "".join(said.split()), "".join(meant.split())
    for size in range(1, LONGEST + 1):
        ours, theirs = _grams(one, size), _grams(other, size)
        # What has no n-gram to be held against is not counted, as in sacrebleu.
        num_said = ours.total() if theirs else 0
        counts.append([num_said, theirs.total(), (ours & theirs).total()])
    return [number for column in zip(*counts, strict=True) for number in column]


def _grams(text: str, size: int) -> Counter[str]:
    return Counter(text[at : at + size] for at in range(len(text) - size + 1))
