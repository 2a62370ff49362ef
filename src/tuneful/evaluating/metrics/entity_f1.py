"""Entity F1: spans with the right words and the right type (Tjong Kim Sang & De Meulder 2003).

Spans are read from tags as CoNLL's conlleval does, and seqeval by default: B- and S- begin one; I-
and E- go on with one of their type, and begin one where there is none. A tag without such a prefix,
but for O, counts as I- of its own name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tuneful.evaluating.measures.tags import TagSample
    from tuneful.evaluating.metrics.base import Array

Span = tuple[str, int, int]
"""Type, first word, word after the last."""


class EntityF1:
    """2 TP / (spans chosen + spans true) over all rows."""

    better: ClassVar[Literal["higher", "lower"]] = "higher"
    is_share: ClassVar[bool] = True
    measures: ClassVar[tuple[str, ...]] = ("tags",)
    title: ClassVar[str] = "entity F1"

    def __init__(self, part: str = "") -> None:
        self.part = part

    def statistics(self, sample: TagSample) -> Array:
        """Spans that are right, and spans chosen plus spans true, of each row: [N, 2]."""
        import numpy as np

        rows = zip(sample.chosen, sample.truth, strict=True)
        found = [(spans(said), spans(meant)) for said, meant in rows]
        return np.array([[len(c & t), len(c) + len(t)] for c, t in found], dtype=np.float64)

    def combine(self, sums_RK: Array, num_rows: int) -> Array:
        """F1 of the sums; 0 where there are no spans."""
        import numpy as np

        del num_rows
        return 2 * sums_RK[:, 0] / np.maximum(1, sums_RK[:, 1])


def spans(tags: Sequence[str]) -> set[Span]:
    """The spans of a row's tags."""
    found: set[Span] = set()
    begin, before = 0, ("O", "")
    for at, tag in enumerate([*tags, "O"]):
        now = _parts(tag)
        is_open = before[0] != "O"
        goes_on = is_open and now[0] in "IE" and before[0] in "BI" and now[1] == before[1]
        if is_open and not goes_on:
            found.add((before[1], begin, at))
        if not goes_on:
            begin = at
        before = now
    return found


def _parts(tag: str) -> tuple[str, str]:
    """Prefix and type: ("B", "PER"), ("O", "")."""
    if tag in {"", "O"}:
        return "O", ""
    prefix, dash, kind = tag.partition("-")
    return (prefix, kind) if dash and prefix in {"B", "I", "E", "S"} else ("I", tag)
