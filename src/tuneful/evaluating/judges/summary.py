"""What judges say beside what people say, and how far it may be relied on.

What a judge is silent, rubbish or contradictory about is unknown, and never left out: an interval
reaches from where all of it speaks against the model to where all of it speaks for it. Until a
judge has been held against people on enough items, and agrees with them, what it says is called a
hint.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from tuneful.core.report import Finding, Level, Report, Table
from tuneful.evaluating.bootstrap import compare
from tuneful.evaluating.interval import Interval
from tuneful.evaluating.judges.held import FEWEST, TRUSTED, Held, held
from tuneful.evaluating.judges.judge import Judged, judges_of
from tuneful.evaluating.metrics.base import PlainMean
from tuneful.evaluating.people.results import RESAMPLES, share
from tuneful.evaluating.summary import bare_interval, interval

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tuneful.core.report import Cell
    from tuneful.evaluating.people.review import Review

MUCH_UNKNOWN = 0.05
NUMBER = {"rank": "rank", "rate": "rating"}


def with_judges(review: Review, report: Report) -> Report:
    """The report of what people said, with what judges said behind it."""
    judges = judges_of(review)
    if not judges:
        return report
    about = [(judged, held(review, judged)) for judged in judges]
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
    """By model: its share of wins over the first one, or its mean number; unknown both ways."""
    if review.ask == "prefer":
        return {1: _wins(judged)} if judged.minds else {}
    found: dict[int, Interval] = {}
    for model in range(len(review.models)):
        of = [
            (mind.least[at], mind.most[at])
            for n, mind in judged.minds.items()
            for at, own in enumerate(review.items[n].models)
            if own == model
        ]
        if of:
            least, most = (_mean([float(pair[end]) for pair in of]) for end in (0, 1))
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

    return compare(PlainMean(), np.array(values)[:, None], None, RESAMPLES).tuned  # pyright: ignore[reportArgumentType]


def _table(review: Review, about: Sequence[tuple[Judged, Held | None]]) -> Table:
    is_share = review.ask == "prefer"
    lines: list[list[Cell]] = []
    for judged, one in about:
        for model, value in _values(review, judged).items():
            lines.append(
                [
                    judged.name,
                    "measured" if one and one.is_enough else "a hint",
                    review.models[model],
                    interval(asdict(value), is_share=True)
                    if is_share
                    else bare_interval(asdict(value), is_share=False),
                    len(judged.unknown),
                    interval(asdict(one.same), is_share=True) if one else None,
                    _alpha(one),
                ]
            )
    value = f"wins over {review.models[0]}" if is_share else f"mean {NUMBER[review.ask]}"
    columns = ["judge", "is", "model", value, "unknown", "as people say", "alpha"]
    note = (
        "Answers are compared two by two, in both orders. Intervals reach from where all that is "
        "unknown speaks against the model to where it speaks for it. A hint: fewer than "
        f"{FEWEST} items that people judged, too, or alpha below {TRUSTED}."
    )
    return Table("What judges say", columns, lines, note)


def _alpha(one: Held | None) -> str | None:
    if one is None or one.alpha is None:
        return None
    known = {"value": one.alpha, "low": one.low, "high": one.high}
    return bare_interval(known, is_share=False)  # pyright: ignore[reportArgumentType]


def _findings(review: Review, judged: Judged, one: Held | None) -> Iterator[Finding]:
    asked = len(judged.minds)
    if judged.unknown:
        much = len(judged.unknown) > MUCH_UNKNOWN * asked
        reasons = ", ".join(f"{count} {reason}" for reason, count in judged.reasons().items())
        yield Finding(
            Level.WARNING if much else Level.NOTE,
            "judge-unknown",
            f"{judged.name} says nothing of {len(judged.unknown)} of {asked} items.",
            evidence=reasons,
            fix="The same command asks what was not asked, timed out or was unreachable; for the "
            "rest take clearer --criteria or a better judge.",
        )
    if one is None or not one.is_enough:
        yield Finding(
            Level.NOTE,
            "judge-hint",
            f"What {judged.name} says is a hint: {_lacking(one)}.",
            fix="Take clearer --criteria or a better judge."
            if one and one.num >= FEWEST
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


def _lacking(one: Held | None) -> str:
    if one is None:
        return "no person judged what it judged"
    if one.num < FEWEST:
        return f"people judged only {one.num} of its items"
    if one.alpha is None:
        return "all said the same of everything, so agreement cannot be told from chance"
    return f"it agrees too little with people (alpha {one.alpha:.3g})"
