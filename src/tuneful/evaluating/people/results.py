"""What verdicts come to: who wins how often, how far people agree, whether a side was favoured.

A row counts once, whoever judged it: its verdicts are averaged first (a win 1, a tie and "both bad"
1/2), so that several people on the same rows do not make an interval narrower than rows can.

Shapes: N rows, K statistics.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from statistics import fmean, median
from typing import TYPE_CHECKING, Any

from tuneful.evaluating.bootstrap import Compared, compare
from tuneful.evaluating.calibration import wilson
from tuneful.evaluating.interval import Interval
from tuneful.evaluating.metrics.base import PlainMean
from tuneful.evaluating.paired import holm, mcnemar
from tuneful.evaluating.people.order import key_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tuneful.data.agreement import Agreement, Rating, Scale
    from tuneful.evaluating.people.review import Review
    from tuneful.evaluating.people.verdicts import Said, Verdict

RESAMPLES = 10_000
BAD = "bad"


@dataclass(frozen=True)
class Duel:
    """One model against another.

    Attributes:
        model: Number of the one whose wins are counted.
        against: Number of the other.
        num_rows: Rows with a verdict.
        won: Rows on which more verdicts are for it than against it.
        tied: Rows on which as many are.
        lost: The others.
        num_bad: Verdicts that no answer will do.
        wins: Its share, ties as half, with Wilson's interval over rows.
        p: Of the sign test over rows that are not tied (McNemar's exact test), corrected for the
            number of pairs of models.
    """

    model: int
    against: int
    num_rows: int
    won: int
    tied: int
    lost: int
    num_bad: int
    wins: Interval
    p: float


@dataclass(frozen=True)
class Standing:
    """The mean of a model's ratings or ranks over rows, and its distance to the first model's."""

    model: int
    num_rows: int
    compared: Compared


@dataclass(frozen=True)
class Rater:
    """What one person did.

    Attributes:
        name: As last written.
        num: Verdicts.
        decided: Verdicts that favour the answer of one place of two; 0 where there are not two.
        left: Those that favour the left one.
        seconds: Median time of a verdict.
    """

    name: str
    num: int
    decided: int
    left: int
    seconds: float


def share(happened: float, num: int) -> Interval:
    """A share of `num` with Wilson's interval; what happens in part counts in part."""
    low, high = wilson(happened, num)
    value = happened / num
    return Interval(value, min(low, value), max(high, value))


def duels(review: Review, said: Said) -> list[Duel]:
    """Every model against every one before it."""
    pairs = [(m, a) for m in range(len(review.models)) for a in range(m)]
    found = [_duel(review, said, model, against) for model, against in pairs]
    known = [duel for duel in found if duel is not None]
    corrected = holm([duel.p for duel in known])
    return [replace(duel, p=p) for duel, p in zip(known, corrected, strict=True)]


def _duel(review: Review, said: Said, model: int, against: int) -> Duel | None:
    scores: dict[int, list[float]] = defaultdict(list)
    bad = 0
    for verdict in said.verdicts:
        item = review.items[verdict.item]
        own = verdict.numbers[item.models.index(model)]
        other = verdict.numbers[item.models.index(against)]
        bad += verdict.is_bad
        is_tie = own == other or verdict.is_bad
        scores[item.row].append(0.5 if is_tie else float(own < other))
    if not scores:
        return None
    means = [fmean(values) for values in scores.values()]
    won, lost = sum(m > 0.5 for m in means), sum(m < 0.5 for m in means)
    wins = share(sum(means), len(means))
    tied = len(means) - won - lost
    return Duel(model, against, len(means), won, tied, lost, bad, wins, mcnemar(won, lost))


def standings(review: Review, said: Said) -> list[Standing]:
    """Mean rating or rank of every model, with bootstrap intervals over rows."""
    import numpy as np

    numbers: list[dict[int, list[int]]] = [defaultdict(list) for _ in review.models]
    for verdict in said.verdicts:
        item = review.items[verdict.item]
        for model, number in zip(item.models, verdict.numbers, strict=True):
            numbers[model][item.row].append(number)
    means = [{row: fmean(values) for row, values in of.items()} for of in numbers]
    found: list[Standing] = []
    for model, of in enumerate(means):
        rows = sorted(of.keys() & means[0].keys())
        rows = rows if model and rows else sorted(of)
        if not rows:
            continue
        own_NK = np.array([[of[row]] for row in rows])
        first_NK = np.array([[means[0].get(row, 0.0)] for row in rows])
        is_pair = model > 0 and all(row in means[0] for row in rows)
        done = compare(PlainMean(), own_NK, first_NK if is_pair else None, RESAMPLES)  # pyright: ignore[reportArgumentType]
        found.append(Standing(model, len(rows), done))
    return found


def raters(review: Review, said: Said) -> list[Rater]:
    """What each person did, in the order they came."""
    groups: dict[str, list[Verdict]] = defaultdict(list)
    for verdict in said.verdicts:
        groups[key_of(verdict.rater)].append(verdict)
    return [_rater(own, is_pair=review.ask == "prefer") for own in groups.values()]


def _rater(own: Sequence[Verdict], *, is_pair: bool) -> Rater:
    placed = [
        [v.numbers[answer] for answer in v.shown]
        for v in own
        if is_pair and v.shown and not v.is_bad
    ]
    decided = [(left, right) for left, right in placed if left != right]
    left = sum(left < right for left, right in decided)
    return Rater(own[-1].rater, len(own), len(decided), left, median(v.seconds for v in own))


def agreed(review: Review, said: Said) -> Agreement | None:
    """Krippendorff's alpha; None where no item was judged by two people.

    Of what was said where two are compared (won, lost, tie, bad), of the ranks of each answer where
    several are, of the ratings where people rate.
    """
    from tuneful.data.agreement import agreement

    units: dict[tuple[int, int], list[Rating]] = defaultdict(list)
    for verdict in said.verdicts:
        for unit, value in _values(review, verdict):
            units[verdict.item, unit].append(value)
    if not any(len(values) > 1 for values in units.values()):
        return None
    scales: Mapping[str, Scale] = {"prefer": "nominal", "rank": "ordinal", "rate": "ordinal"}
    items = [item for item, _ in units]
    return agreement(list(units.values()), scales[review.ask], together=items)


def _values(review: Review, verdict: Verdict) -> Iterable[tuple[int, Rating]]:
    if review.ask == "prefer":
        return [(0, BAD if verdict.is_bad else str(verdict.numbers))]
    return enumerate(verdict.numbers)


def left_share(people: Sequence[Rater]) -> tuple[Interval, float] | None:
    """How often the left of two answers was favoured, and the p of so uneven a split."""
    left, decided = sum(r.left for r in people), sum(r.decided for r in people)
    return (share(left, decided), mcnemar(left, decided - left)) if decided else None


def notes(review: Review, said: Said) -> list[dict[str, Any]]:
    """What people wrote beside their verdicts."""
    return [
        {"row": review.items[v.item].row, "rater": v.rater, "note": v.note}
        for v in said.verdicts
        if v.note
    ]
