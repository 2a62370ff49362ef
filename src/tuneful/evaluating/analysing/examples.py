"""Rows worth reading: mended by tuning, broken by it, and the worst of the tuned model.

Shapes: N rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from tuneful.evaluating.analysing.facets import text_of
from tuneful.evaluating.analysing.scores import certainty, len_of
from tuneful.evaluating.measures.classes import ClassSample
from tuneful.evaluating.measures.labels import LabelSample
from tuneful.evaluating.measures.ratings import RatingSample
from tuneful.evaluating.measures.tags import TagSample

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from tuneful.data.rows import Row
    from tuneful.evaluating.analysing.scores import Scores
    from tuneful.evaluating.metrics.base import Array

SHOWN = 8
"""Of each kind."""
ANSWERS = 40
"""Test rows whose answers stand on the page; rows.jsonl has all."""
LONGEST = 1500
"""Characters of a text that are kept."""


def examples(
    scores: Scores, tuned: Any, base: Any | None, rows: Sequence[Row], labels: Sequence[str]
) -> dict[str, Any]:
    """The most telling rows of each kind, and how many of each there are.

    A row is mended or broken where its score rose or fell. Among equal ones those come first whose
    truth became likelier, or less likely, by most.
    """
    sure_N = certainty(tuned)
    before_N = certainty(base) if base is not None else None
    good_N, was_N = scores.good_tuned_N, scores.good_base_N
    told = _Told(scores, tuned, base, rows, labels)
    found: dict[str, Any] = {"counts": {"rows": len(rows)}}
    if was_N is not None:
        moved_N = None if sure_N is None or before_N is None else sure_N - before_N
        for name, change_N in (("mended", good_N - was_N), ("broken", was_N - good_N)):
            is_so_N = change_N > 1e-9
            tie_N = None if moved_N is None else moved_N if name == "mended" else -moved_N
            found[name] = told.of(_first(is_so_N, change_N, tie_N))
            found["counts"][name] = int(is_so_N.sum())
    is_wrong_N = good_N < (1 if scores.is_share and scores.is_up else good_N.max() + 1e-12)
    found["worst"] = told.of(_first(is_wrong_N, -good_N, None if sure_N is None else -sure_N))
    if scores.is_share and scores.is_up:
        found["counts"]["wrong"] = int(is_wrong_N.sum())
    if hasattr(tuned, "answers"):
        found["answers"] = told.of(range(min(ANSWERS, len(rows))))
    return found


def _first(is_so_N: NDArray[np.bool_], most_N: Array, tie_N: Array | None) -> list[int]:
    import numpy as np

    row_M = np.flatnonzero(is_so_N)
    keys = (-most_N[row_M],) if tie_N is None else (-tie_N[row_M], -most_N[row_M])
    return row_M[np.lexsort(keys)][:SHOWN].tolist()


class _Told:
    """Rows as a person reads them."""

    def __init__(
        self,
        scores: Scores,
        tuned: Any,
        base: Any | None,
        rows: Sequence[Row],
        labels: Sequence[str],
    ) -> None:
        self._scores, self._rows = scores, rows
        self._wanted = truth_of(tuned, labels)
        self._tuned = said_of(tuned, labels)
        self._base = None if base is None else said_of(base, labels)

    def of(self, numbers: Sequence[int]) -> list[dict[str, Any]]:
        """The rows of these numbers."""
        return list(self._each(numbers))

    def _each(self, numbers: Sequence[int]) -> Iterator[dict[str, Any]]:
        for at in numbers:
            text = text_of(self._rows[at])
            yield {
                "row": at,
                "text": text[:LONGEST],
                "is_cut": len(text) > LONGEST,
                **self.numbers(at),
            }

    def numbers(self, at: int) -> dict[str, Any]:
        """What was wanted and said of a row, and the scores."""
        base_N = self._scores.base_N
        return {
            "wanted": self._wanted[at],
            "tuned": self._tuned[at],
            "base": None if self._base is None else self._base[at],
            "tuned_score": float(self._scores.tuned_N[at]),
            "base_score": None if base_N is None else float(base_N[at]),
        }


def row_lines(
    scores: Scores, tuned: Any, base: Any | None, rows: Sequence[Row], labels: Sequence[str]
) -> Iterator[dict[str, Any]]:
    """Every row: what was wanted and said, and the scores."""
    told = _Told(scores, tuned, base, rows, labels)
    for at, row in enumerate(rows):
        yield {"row": at, "text": text_of(row), **told.numbers(at)}


def truth_of(sample: Any, labels: Sequence[str]) -> list[str]:
    """What should have been said, row by row."""
    if isinstance(sample, ClassSample):
        return [labels[at] for at in cast("list[int]", sample.truth_N.tolist())]
    if isinstance(sample, RatingSample):
        return [f"{value:g}" for value in sample.truth_N.tolist()]
    if isinstance(sample, LabelSample):
        return _chosen(sample.is_NC, labels)
    if isinstance(sample, TagSample):
        return [" ".join(tags) for tags in sample.truth]
    if hasattr(sample, "references"):
        return [text[:LONGEST] for text in sample.references]
    return [""] * len_of(sample)


def said_of(sample: Any, labels: Sequence[str]) -> list[str]:
    """What was said, row by row."""
    if isinstance(sample, ClassSample):
        chosen = sample.chosen_N.tolist()
        sure = sample.probability_NC.max(axis=1).tolist()
        return [f"{labels[at]} ({p:.0%})" for at, p in zip(chosen, sure, strict=True)]
    if isinstance(sample, RatingSample):
        return [f"{value:.2f}" for value in sample.rating_N.tolist()]
    if isinstance(sample, LabelSample):
        return _chosen(sample.chose_NC, labels)
    if isinstance(sample, TagSample):
        return [" ".join(tag or "-" for tag in tags) for tags in sample.chosen]
    if hasattr(sample, "answers"):
        return [text[:LONGEST] for text in sample.answers]
    return [""] * len_of(sample)


def _chosen(is_NC: Array, labels: Sequence[str]) -> list[str]:
    return [
        ", ".join(label for label, is_so in zip(labels, row, strict=True) if is_so)
        for row in is_NC.tolist()
    ]
