"""Where a tuned model is weaker than elsewhere, and where tuning made it worse.

Two questions of every slice: are its rows worse than as many drawn from all rows (a permutation
test), and did tuning make them worse than the base had them (McNemar's exact test of rows that are
right or wrong, else signs of the rows' differences drawn at random)? All of them together are
corrected by Holm's rule, so that in one analysis out of twenty, at most, a slice is named by
chance. Slices of few rows are not tested but said to be small.

Shapes: N rows, S slices, R resamples.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from tuneful.evaluating.bootstrap import NUMBERS_AT_ONCE
from tuneful.evaluating.formulas import (
    detectable,
    mean_interval,
    paired_interval,
)
from tuneful.evaluating.paired import holm, mcnemar

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from tuneful.evaluating.analysing.facets import Facet
    from tuneful.evaluating.analysing.scores import Scores
    from tuneful.evaluating.interval import Interval
    from tuneful.evaluating.metrics.base import Array

FEWEST = 20
"""Rows of a slice of which something may be claimed."""
RESAMPLES = 10_000
"""One in so many is the smallest p: it must stay below 0.05 by the number of tests."""
ALPHA = 0.05


@dataclass(frozen=True)
class Slice:
    """A part of the test rows.

    Attributes:
        facet: What it is a part by.
        name: Which part.
        rows: Its rows.
        tuned: The tuned model's mean.
        base: The base's.
        difference: Tuned minus base.
        elsewhere: The tuned model's mean on all other rows.
        p_weak: Of being worse than elsewhere, or better, by chance; None where it was not tested.
        p_worse: Of tuned and base differing by chance.
        corrected_weak: The same, corrected for all tests.
        corrected_worse: The same, corrected for all tests.
        detectable: The smallest distance from elsewhere that so many rows would show.
        detectable_change: The smallest difference between tuned and base that they would show.
        verdict: "weak", "worse", "both", "few" rows, or "" where nothing was shown.
    """

    facet: str
    name: str
    rows: int
    tuned: Interval
    base: Interval | None
    difference: Interval | None
    elsewhere: float | None
    p_weak: float | None = None
    p_worse: float | None = None
    corrected_weak: float | None = None
    corrected_worse: float | None = None
    detectable: float | None = None
    detectable_change: float | None = None
    verdict: str = ""

    def to_json(self) -> dict[str, Any]:
        """As JSON values; None where an interval has no end, as that of one row."""
        found = asdict(self)
        for name in ("tuned", "base", "difference"):
            part: dict[str, float] | None = found[name]
            if part is not None:
                found[name] = {k: v if math.isfinite(v) else None for k, v in part.items()}
        return found


def slices(
    scores: Scores, facets: Sequence[Facet], seed: int, *, base_is_fresh: bool = False
) -> list[Slice]:
    """Every slice of every facet, measured and tested.

    Args:
        scores: Of the rows.
        facets: Ways to divide them.
        seed: Of the permutations.
        base_is_fresh: Whether the base's head is untrained; then its leaning to a class is no skill
            that tuning could have lost.
    """
    import numpy as np

    parts = [
        (facet, name, np.array([known == name for known in facet.slice_N]))
        for facet in facets
        for name in facet.slices()
    ]
    if not parts:
        return []
    is_in_SN = np.stack([is_in_N for _, _, is_in_N in parts])
    p_weak = _weak(scores.good_tuned_N, is_in_SN, seed)
    p_worse = _worse(scores, is_in_SN, seed)
    asks_weak = [
        not facet.is_doubt and FEWEST <= is_in_N.sum() < len(is_in_N) for facet, _, is_in_N in parts
    ]
    asks_worse = [
        p_worse is not None and not (base_is_fresh and facet.is_truth) and is_in_N.sum() >= FEWEST
        for facet, _, is_in_N in parts
    ]
    num_tests = sum(asks_weak) + sum(asks_worse)
    found = [
        _measured(scores, facet.name, name, is_in_N, num_tests) for facet, name, is_in_N in parts
    ]
    weak = {at: float(p_weak[at]) for at, asks in enumerate(asks_weak) if asks}
    worse = {
        at: float(p_worse[at]) for at, asks in enumerate(asks_worse) if asks and p_worse is not None
    }
    corrected = holm([*weak.values(), *worse.values()])
    weak_now = dict(zip(weak, corrected, strict=False))
    worse_now = dict(zip(worse, corrected[len(weak) :], strict=True))
    return [
        _judged(scores, one, (weak.get(at), worse.get(at)), (weak_now.get(at), worse_now.get(at)))
        for at, one in enumerate(found)
    ]


def _measured(
    scores: Scores, facet: str, name: str, is_in_N: NDArray[np.bool_], num_tests: int
) -> Slice:
    num, rest = int(is_in_N.sum()), int((~is_in_N).sum())
    tuned_N, is_binary = scores.tuned_N, scores.is_binary
    tuned = mean_interval(tuned_N[is_in_N], is_binary=is_binary)
    base = difference = change = None
    if scores.base_N is not None:
        base = mean_interval(scores.base_N[is_in_N], is_binary=is_binary)
        difference = paired_interval(tuned_N[is_in_N], scores.base_N[is_in_N], is_binary=is_binary)
        change = detectable(float((tuned_N - scores.base_N).std()), 1 / num, num_tests)
    if scores.is_share:  # Student's interval does not know that a share ends at 0 and 1
        base = base and _within(base, 0.0)
        difference = difference and _within(difference, -1.0)
    return Slice(
        facet,
        name,
        num,
        tuned=_within(tuned, 0.0) if scores.is_share else tuned,
        base=base,
        difference=difference,
        elsewhere=float(tuned_N[~is_in_N].mean()) if rest else None,
        detectable=detectable(float(tuned_N.std()), 1 / num + 1 / rest, num_tests)
        if rest
        else None,
        detectable_change=change,
    )


def _within(part: Interval, least: float) -> Interval:
    return replace(part, low=max(least, part.low), high=min(1.0, part.high))


def _judged(
    scores: Scores,
    one: Slice,
    seen: tuple[float | None, float | None],
    corrected: tuple[float | None, float | None],
) -> Slice:
    sign = 1 if scores.is_up else -1
    is_weak = (
        corrected[0] is not None
        and corrected[0] <= ALPHA
        and one.elsewhere is not None
        and sign * (one.tuned.value - one.elsewhere) < 0
    )
    is_worse = (
        corrected[1] is not None
        and corrected[1] <= ALPHA
        and one.difference is not None
        and sign * one.difference.value < 0
    )
    found = "both" if is_weak and is_worse else "worse" if is_worse else "weak" if is_weak else ""
    verdict = "few" if one.rows < FEWEST else found
    return replace(
        one,
        p_weak=seen[0],
        p_worse=seen[1],
        corrected_weak=corrected[0],
        corrected_worse=corrected[1],
        verdict=verdict,
    )


def _weak(good_N: Array, is_in_SN: NDArray[np.bool_], seed: int) -> Array:
    """How often as many rows, drawn from all, are as far from the mean as the slice's: [S]."""
    import numpy as np

    centered_N = (good_N - good_N.mean()).astype(np.float64)
    size_S = is_in_SN.sum(axis=1)
    seen_S = np.abs(is_in_SN @ centered_N)
    draw, as_far_S = np.random.default_rng([seed, 0x3EA6]), np.zeros(len(size_S))
    for some in _parts(len(good_N)):
        drawn_RN = draw.permuted(np.tile(centered_N, (some, 1)), axis=1)
        sum_RS = np.cumsum(drawn_RN, axis=1)[:, size_S - 1]
        as_far_S += (np.abs(sum_RS) >= seen_S - 1e-9).sum(axis=0)
    return (as_far_S + 1) / (RESAMPLES + 1)


def _worse(scores: Scores, is_in_SN: NDArray[np.bool_], seed: int) -> Array | None:
    """How often tuned and base, being equal, would differ as much on the slice's rows: [S]."""
    import numpy as np

    if scores.base_N is None:
        return None
    if scores.is_binary:
        apart_N = scores.tuned_N - scores.base_N
        counts = zip(_count(is_in_SN, apart_N > 0), _count(is_in_SN, apart_N < 0), strict=True)
        return np.array([mcnemar(gained, lost) for gained, lost in counts])
    apart_NS = (is_in_SN * (scores.tuned_N - scores.base_N)).T.astype(np.float64)
    seen_S = np.abs(apart_NS.sum(axis=0))
    draw, as_far_S = np.random.default_rng([seed, 0x516E]), np.zeros(len(seen_S))
    for some in _parts(len(apart_NS)):
        sign_RN = draw.integers(0, 2, (some, len(apart_NS)), dtype=np.int8).astype(np.float64)
        as_far_S += (np.abs((2 * sign_RN - 1) @ apart_NS) >= seen_S - 1e-9).sum(axis=0)
    return (as_far_S + 1) / (RESAMPLES + 1)


def _count(is_in_SN: NDArray[np.bool_], is_so_N: NDArray[np.bool_]) -> list[int]:
    return (is_in_SN & is_so_N).sum(axis=1).tolist()


def _parts(num_rows: int) -> Iterator[int]:
    """Resamples at a time, so that memory stays small."""
    at_once = max(1, NUMBERS_AT_ONCE // num_rows)
    for begin in range(0, RESAMPLES, at_once):
        yield min(at_once, RESAMPLES - begin)
