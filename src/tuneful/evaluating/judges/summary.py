"""What judges say beside what people say, and how far it may be relied on.

What a judge is silent, rubbish or contradictory about is unknown, and never left out: an interval
reaches from where all of it speaks against the model to where all of it speaks for it. Until a
judge has been held against people on enough items, and agrees with them, what it says is called a
hint.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import asdict, dataclass, replace
from statistics import fmean
from typing import TYPE_CHECKING

from tuneful.core.report import Finding, Level, Report, Table
from tuneful.evaluating.bootstrap import Interval, compare
from tuneful.evaluating.judges.judge import Judged, judges_of
from tuneful.evaluating.metrics.base import Mean
from tuneful.evaluating.people.results import RESAMPLES, share
from tuneful.evaluating.people.review import BEST_RATING
from tuneful.evaluating.people.verdicts import read
from tuneful.evaluating.summary import bare_interval, interval

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tuneful.core.report import Cell
    from tuneful.data.agreement import Rating
    from tuneful.evaluating.people.review import Review
    from tuneful.evaluating.people.verdicts import Verdict

FEWEST = 20
"""Items that people judged, too, from which on agreement is more than an anecdote."""
TRUSTED = 0.667
"""Krippendorff's alpha below which nothing should rest on a judge."""
MUCH_UNKNOWN = 0.05
UNKNOWN, SPLIT = "unknown", "split"


@dataclass(frozen=True)
class Held:
    """A judge held against people.

    Attributes:
        num: Items that both judged; the judge may have had no mind about some.
        same: The share on which it says what most of them say; unknown ones count as different.
        alpha: Krippendorff's, of the judge and most of them; None where all said the same.
    """

    num: int
    same: Interval
    alpha: float | None

    @property
    def is_enough(self) -> bool:
        """Whether the judge is more than a hint."""
        return self.num >= FEWEST and self.alpha is not None and self.alpha >= TRUSTED


def with_judges(review: Review, report: Report) -> Report:
    """The report of what people said, with what judges said behind it."""
    judges = judges_of(review)
    if not judges:
        return report
    people = _people(review)
    held = [_held(review, judged, people) for judged in judges]
    about = list(zip(judges, held, strict=True))
    facts = [
        {
            "judge": judged.name,
            "criteria": judged.criteria,
            "known": len(judged.numbers),
            "unknown": judged.reasons(),
            "bad": len(judged.bad),
            "is_hint": not (one and one.is_enough),
            "people": asdict(one) if one else None,
            "models": {review.models[m]: asdict(i) for m, i in _values(review, judged).items()},
        }
        for judged, one in about
    ]
    findings = [f for judged, one in about for f in _findings(review, judged, one)]
    return replace(
        report,
        findings=[*report.findings, *findings],
        tables=[*report.tables, _table(review, about)],
        facts={**report.facts, "judges": facts},
    )


def _values(review: Review, judged: Judged) -> dict[int, Interval]:
    """By model: its share of wins over the first one, or its mean rating; unknown both ways."""
    if review.ask == "prefer":
        return {1: _wins(judged)} if judged.numbers or judged.unknown else {}
    found: dict[int, Interval] = {}
    for model in range(len(review.models)):
        of = [n for n, item in enumerate(review.items) if item.models == (model,)]
        known = [float(judged.numbers[n][0]) for n in of if n in judged.numbers]
        num_unknown = sum(n in judged.unknown for n in of)
        if known or num_unknown:
            least, most = (_mean([*known, *[end] * num_unknown]) for end in (1.0, BEST_RATING))
            found[model] = Interval((least.value + most.value) / 2, least.low, most.high)
    return found


def _wins(judged: Judged) -> Interval:
    won = sum(0.5 if a == b else float(b < a) for a, b in judged.numbers.values())
    unknown = len(judged.unknown)
    num = len(judged.numbers) + unknown
    least, most = share(won, num), share(won + unknown, num)
    return Interval((least.value + most.value) / 2, least.low, most.high)


def _mean(values: Sequence[float]) -> Interval:
    import numpy as np

    return compare(Mean(), np.array(values)[:, None], None, RESAMPLES).tuned  # pyright: ignore[reportArgumentType]


def _people(review: Review) -> dict[int, Rating]:
    """What most people say of each item; their mean rating, rounded, where they rate."""
    groups: dict[int, list[Verdict]] = defaultdict(list)
    for verdict in read(review.verdicts).verdicts:
        groups[verdict.item].append(verdict)
    if review.ask == "rate":
        return {n: round(fmean(v.numbers[0] for v in said)) for n, said in groups.items()}
    found: dict[int, Rating] = {}
    for number, said in groups.items():
        counts = Counter(_word(v.numbers, is_bad=v.is_bad) for v in said).most_common(2)
        is_split = len(counts) > 1 and counts[0][1] == counts[1][1]
        found[number] = SPLIT if is_split else counts[0][0]
    return found


def _word(numbers: Sequence[int], *, is_bad: bool) -> str:
    return "bad" if is_bad else " ".join(map(str, numbers))


def _held(review: Review, judged: Judged, people: Mapping[int, Rating]) -> Held | None:
    from tuneful.data.agreement import agreement

    both = [n for n in people if n in judged.numbers or n in judged.unknown]
    if not both:
        return None
    said: dict[int, Rating] = {}
    for number in both:
        numbers = judged.numbers.get(number)
        if numbers is None:
            said[number] = UNKNOWN
        elif review.ask == "rate":
            said[number] = numbers[0]
        else:
            said[number] = _word(numbers, is_bad=number in judged.bad)
    same = share(sum(said[number] == people[number] for number in both), len(both))
    # An order has no place for "unknown"; a name has.
    rates = review.ask == "rate"
    pairs = [[people[n], said[n]] for n in both if not (rates and said[n] == UNKNOWN)]
    if not pairs:
        return Held(len(both), same, None)
    alpha = agreement(pairs, "ordinal" if rates else "nominal", resamples=0).alpha
    return Held(len(both), same, alpha)


def _table(review: Review, about: Sequence[tuple[Judged, Held | None]]) -> Table:
    is_share = review.ask == "prefer"
    lines: list[list[Cell]] = []
    for judged, held in about:
        for model, value in _values(review, judged).items():
            lines.append(
                [
                    judged.name,
                    "measured" if held and held.is_enough else "a hint",
                    review.models[model],
                    interval(asdict(value), is_share=True)
                    if is_share
                    else bare_interval(asdict(value), is_share=False),
                    len(judged.unknown),
                    interval(asdict(held.same), is_share=True) if held else None,
                    held.alpha if held else None,
                ]
            )
    value = f"wins over {review.models[0]}" if is_share else "mean rating"
    columns = ["judge", "is", "model", value, "unknown", "as people say", "alpha"]
    note = (
        "Two answers are asked about in both orders. Intervals reach from where all that is "
        "unknown speaks against the model to where it speaks for it. A hint: fewer than "
        f"{FEWEST} items that people judged, too, or alpha below {TRUSTED}."
    )
    return Table("What judges say", columns, lines, note)


def _findings(review: Review, judged: Judged, held: Held | None) -> Iterator[Finding]:
    asked = len(judged.numbers) + len(judged.unknown)
    if judged.unknown:
        much = len(judged.unknown) > MUCH_UNKNOWN * asked
        reasons = ", ".join(f"{count} {reason}" for reason, count in judged.reasons().items())
        yield Finding(
            Level.WARNING if much else Level.NOTE,
            "judge-unknown",
            f"{judged.name} says nothing of {len(judged.unknown)} of {asked} items.",
            evidence=reasons,
            fix="The same command asks again what timed out or was unreachable; for the rest take "
            "clearer --criteria or a better judge.",
        )
    if held is None or not held.is_enough:
        yield Finding(
            Level.NOTE,
            "judge-hint",
            f"What {judged.name} says is a hint: {_lacking(held)}.",
            fix="Take clearer --criteria or a better judge."
            if held and held.num >= FEWEST
            else f"Let people judge {FEWEST} items or more of this review.",
        )
    elif review.ask == "prefer":
        wins = _wins(judged)
        if wins.low > 0.5 or wins.high < 0.5:
            better = review.models[wins.low > 0.5]
            shown = interval(asdict(wins), is_share=True)
            yield Finding(
                Level.NOTE, "judge-prefers", f"{judged.name}, too, prefers {better}.", shown
            )


def _lacking(held: Held | None) -> str:
    if held is None:
        return "no person judged what it judged"
    if held.num < FEWEST:
        return f"people judged only {held.num} of its items"
    if held.alpha is None:
        return "all said the same of everything, so agreement cannot be told from chance"
    return f"it agrees too little with people (alpha {held.alpha:.3g})"
