"""BLEU: n-grams of words that answers share with references (Papineni et al. 2002).

Texts are cut into words by sacrebleu (Post 2018, arXiv:1804.08771), so that numbers compare with
those of papers: "bleu" cuts as WMT does (13a), "bleu:zh", "bleu:char", "bleu:intl" by others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from tuneful.core.errors import DataError

if TYPE_CHECKING:
    from tuneful.evaluating.measures.answers import AnswerSample
    from tuneful.evaluating.metrics.base import Array

ORDERS = 4
WAYS = ("13a", "zh", "char", "intl", "none")
"""Of cutting into words that need no further library."""


class Bleu:
    """Of all answers together: n-grams are counted over the whole set, not averaged over rows."""

    better: ClassVar[Literal["higher", "lower"]] = "higher"
    is_share: ClassVar[bool] = True
    measures: ClassVar[tuple[str, ...]] = ("answers",)
    title: ClassVar[str] = "BLEU"

    def __init__(self, part: str = "") -> None:
        self.part = part or WAYS[0]
        if self.part not in WAYS:
            raise DataError(
                f"There is no way {self.part!r} to cut texts into words.",
                where=f"evaluate.metrics: bleu:{part}",
                fix=f"Write bleu, or bleu:WAY with one of {', '.join(WAYS[1:])}.",
            )

    def statistics(self, sample: AnswerSample) -> Array:
        """Right n-grams and n-grams by order, words said and words of the reference: [N, 10].

        Raises:
            DataError: sacrebleu is not installed.
        """
        import numpy as np

        counter = self._counter()
        pairs = zip(sample.answers, sample.references, strict=True)
        found = [counter.sentence_score(said, [meant]) for said, meant in pairs]
        rows = [[*one.counts, *one.totals, one.sys_len, one.ref_len] for one in found]
        return np.array(rows, dtype=np.float64)

    def combine(self, sums_RK: Array, num_rows: int) -> Array:
        """Geometric mean of precisions times the penalty of short answers.

        Orders without a right n-gram count 1/2, 1/4, ... of one (NIST's smoothing, sacrebleu's
        default); with no right word, or no answer of four words, it is 0.
        """
        import numpy as np

        del num_rows
        right_RO, all_RO = sums_RK[:, :ORDERS], sums_RK[:, ORDERS : 2 * ORDERS]
        said_R, meant_R = sums_RK[:, -2], sums_RK[:, -1]
        halvings_RO = np.cumsum(right_RO == 0, axis=1)
        smooth_RO = np.where(right_RO > 0, right_RO, 0.5**halvings_RO)
        logs_R = np.log(smooth_RO / np.maximum(all_RO, 1)).mean(axis=1)
        short_R = np.minimum(0.0, 1 - meant_R / np.maximum(said_R, 1))
        is_known_R = (right_RO.sum(axis=1) > 0) & (all_RO > 0).all(axis=1)
        return np.where(is_known_R, np.exp(logs_R + short_R), 0.0)

    def _counter(self) -> Any:
        try:
            from sacrebleu.metrics.bleu import BLEU
        except ModuleNotFoundError:
            raise DataError(
                "The metric bleu needs sacrebleu, which is not installed.",
                where="evaluate.metrics",
                fix="pip install 'tuneful[text]', or use chrf, which needs no library.",
            ) from None
        return BLEU(tokenize=self.part, effective_order=True)
