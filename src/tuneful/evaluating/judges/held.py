"""A judge held against the people who judged the same items."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import combinations
from statistics import fmean
from typing import TYPE_CHECKING

from tuneful.data.agreement import agreement
from tuneful.evaluating.people.results import share
from tuneful.evaluating.people.verdicts import read

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tuneful.data.agreement import Rating
    from tuneful.evaluating.interval import Interval
    from tuneful.evaluating.judges.judge import Judged
    from tuneful.evaluating.judges.minds import Mind
    from tuneful.evaluating.people.review import Review
    from tuneful.evaluating.people.verdicts import Verdict

FEWEST = 20
"""Items that people judged, too, from which on agreement is more than an anecdote."""
TRUSTED = 0.667
"""Krippendorff's alpha below which nothing should rest on a judge."""
UNKNOWN, SPLIT = "unknown", "split"
Numbers = tuple[float, ...]


@dataclass(frozen=True)
class Held:
    """A judge held against people.

    Attributes:
        num: Items that both judged; the judge may have had no mind about some.
        same: The share on which it says what most of them say; unknown ones count as different.
            Of several answers, the mean share of their pairs that it puts as they do.
        alpha: Krippendorff's, of the judge and most of them; None where all said the same. Where
            the judge's rank or rating is unknown, it is the one farthest from theirs.
        low: Where its 95 % interval over items begins; None with alpha.
        high: Where it ends.
    """

    num: int
    same: Interval
    alpha: float | None
    low: float | None
    high: float | None

    @property
    def is_enough(self) -> bool:
        """Whether the judge is more than a hint."""
        return self.num >= FEWEST and self.alpha is not None and self.alpha >= TRUSTED


def held(review: Review, judged: Judged) -> Held | None:
    """How far the judge says what most people say; None where they judged none of its items."""
    groups: dict[int, list[Verdict]] = defaultdict(list)
    for verdict in read(review.verdicts).verdicts:
        if verdict.item in judged.minds:
            groups[verdict.item].append(verdict)
    if not groups:
        return None
    both = [(judged.minds[item], said) for item, said in groups.items()]
    if review.ask == "prefer":
        units: list[list[Rating]] = [[most(said), _choice(mind)] for mind, said in both]
        same = float(sum(one == other for one, other in units))
        agreed = agreement(units, "nominal")
    else:
        numbers = [(mind, means(said, is_rated=review.ask == "rate")) for mind, said in both]
        same = sum(_alike(mind, people) for mind, people in numbers)
        by_item = [_units(mind, people) for mind, people in numbers]
        units = [unit for of in by_item for unit in of]
        together = [item for item, of in enumerate(by_item) for _ in of]
        agreed = agreement(units, "ordinal", together=together)
    return Held(len(both), share(same, len(both)), agreed.alpha, agreed.low, agreed.high)


def most(said: Sequence[Verdict]) -> str:
    """What most people say of two answers; "split" where no one thing."""
    counts = Counter(_word(v.numbers, is_bad=v.is_bad) for v in said).most_common(2)
    is_split = len(counts) > 1 and counts[0][1] == counts[1][1]
    return SPLIT if is_split else counts[0][0]


def means(said: Sequence[Verdict], *, is_rated: bool) -> Numbers:
    """The answer's mean rating, rounded; or the answers' ranks by their mean ranks."""
    of = [fmean(numbers) for numbers in zip(*(v.numbers for v in said), strict=True)]
    if is_rated:
        return tuple(float(round(mean)) for mean in of)
    return tuple(1.0 + sum(other < own for other in of) for own in of)


def _choice(mind: Mind) -> str:
    return UNKNOWN if mind.unknown else _word(mind.least, is_bad=mind.is_bad)


def _word(numbers: Sequence[int], *, is_bad: bool) -> str:
    return "bad" if is_bad else " ".join(map(str, numbers))


def _alike(mind: Mind, people: Numbers) -> float:
    """1 for the same rating; of ranked answers, the share of their pairs that stand alike."""
    if len(people) == 1:
        return float(not mind.unknown and mind.least == people)
    pairs = list(combinations(range(len(people)), 2))
    signs: Mapping[tuple[int, int], int] = {
        (a, b): (people[a] > people[b]) - (people[a] < people[b]) for a, b in pairs
    }
    return fmean(mind.pairs.get(pair) == sign for pair, sign in signs.items())


def _units(mind: Mind, people: Numbers) -> list[list[Rating]]:
    """Of each answer, people's number and the judge's; the farthest from theirs if unknown."""
    return [
        [own, max(low, high, key=lambda number, own=own: abs(number - own))]
        for own, low, high in zip(people, mind.least, mind.most, strict=True)
    ]
