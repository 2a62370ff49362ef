"""A review's results for a person: tables, and what must not be overlooked."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from tuneful.core.report import Finding, Level, Report, Table
from tuneful.core.units import rows as rows_
from tuneful.evaluating.people import results
from tuneful.evaluating.people.verdicts import read
from tuneful.evaluating.summary import bare_interval, interval

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tuneful.core.report import Cell
    from tuneful.data.agreement import Agreement
    from tuneful.evaluating.people.results import Duel, Rater, Standing
    from tuneful.evaluating.people.review import Review

TRUSTED, TENTATIVE = 0.8, 0.667
"""Alpha from which data may be relied on, and from which on with care (Krippendorff 2004)."""
FEW_ROWS = 20
MOST_NOTES = 20
SURE = 0.05


def summarize(review: Review) -> Report:
    """The results so far."""
    said = read(review.verdicts)
    people = results.raters(review, said)
    is_rated = review.ask == "rate"
    duels = [] if is_rated else results.duels(review, said)
    standings = [] if review.ask == "prefer" else results.standings(review, said)
    agreement = results.agreed(review, said)
    notes = results.notes(review, said)
    facts: dict[str, Any] = {
        "review": str(review.path),
        "ask": review.ask,
        "models": list(review.models),
        "items": len(review.items),
        "num_alike": review.manifest["num_alike"],
        "num_torn": said.num_torn,
        "verdicts": len(said.verdicts),
        "raters": [asdict(rater) for rater in people],
        "duels": [asdict(duel) for duel in duels],
        "standings": [asdict(standing) for standing in standings],
        "agreement": asdict(agreement) | {"disagreement": None} if agreement else None,
        "notes": notes,
    }
    tables = [
        *([_duels(review, duels)] if duels else []),
        *([_standings(review, standings)] if standings else []),
        *([_people(people, agreement)] if people else []),
        *([_notes(notes)] if notes else []),
    ]
    findings = [
        *_about_amount(review, facts),
        *(_about_duel(review, duel) for duel in duels),
        *_about_agreement(people, agreement),
        *_about_sides(people),
    ]
    return Report(f"Review of {' and '.join(review.models)}", findings, tables, facts)


def _duels(review: Review, duels: Sequence[Duel]) -> Table:
    lines: list[list[Cell]] = [
        [
            review.models[d.model],
            review.models[d.against],
            interval(asdict(d.wins), is_share=True),
            d.won,
            d.tied,
            d.lost,
            d.num_bad,
            _p(d.p),
        ]
        for d in duels
    ]
    columns = ["model", "against", "wins", "won", "tied", "lost", "all bad", "p"]
    note = (
        f"{rows_(max(d.num_rows for d in duels))}; a row counts once, by the mean of its verdicts, "
        "and a tie as half a win. 95 % intervals by Wilson, p of the sign test"
        + (f", corrected for {len(duels)} pairs (Holm)." if len(duels) > 1 else ".")
    )
    return Table("Who wins", columns, lines, note)


def _standings(review: Review, standings: Sequence[Standing]) -> Table:
    what = "rating" if review.ask == "rate" else "rank"
    lines: list[list[Cell]] = []
    for one in standings:
        apart = one.compared.difference
        lines.append(
            [
                review.models[one.model],
                one.num_rows,
                bare_interval(asdict(one.compared.tuned), is_share=False),
                bare_interval(asdict(apart), is_share=False, sign=True) if apart else None,
                _p(apart.p) if apart else None,
            ]
        )
    better = "1 to 5, 5 is best" if what == "rating" else "1 is best"
    note = f"{better}; 95 % intervals by bootstrap over rows; p of a paired permutation test."
    columns = ["model", "rows", f"mean {what}", f"minus {review.models[0]}", "p"]
    return Table(f"Mean {what}s", columns, lines, note)


def _people(people: Sequence[Rater], agreement: Agreement | None) -> Table:
    lines: list[list[Cell]] = [
        [
            rater.name,
            rater.num,
            f"{rater.left} of {rater.decided}" if rater.decided else None,
            rater.seconds or None,
        ]
        for rater in people
    ]
    note = "Nothing was judged by two people: how far they agree is not known."
    if agreement:
        note = f"Krippendorff's alpha {_alpha(agreement)}, of {agreement.num_items} judged by two."
    return Table("Who judged", ["rater", "verdicts", "chose the left", "median s"], lines, note)


def _alpha(agreement: Agreement) -> str:
    if agreement.alpha is None:
        return "unknown, for everybody said the same of everything"
    known = {"value": agreement.alpha, "low": agreement.low, "high": agreement.high}
    return bare_interval(known, is_share=False)  # pyright: ignore[reportArgumentType]


def _notes(notes: Sequence[dict[str, Any]]) -> Table:
    lines: list[list[Cell]] = [[n["row"], n["rater"], n["note"]] for n in notes[:MOST_NOTES]]
    more = len(notes) - len(lines)
    return Table("Notes", ["row", "rater", "note"], lines, f"{more} more: --json" if more else "")


def _p(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def _about_amount(review: Review, facts: dict[str, Any]) -> Iterator[Finding]:
    judged = {v["num_rows"] for v in (*facts["duels"], *facts["standings"])}
    if not facts["verdicts"]:
        yield Finding(
            Level.WARNING,
            "no-verdicts",
            "Nobody has judged anything yet.",
            fix="tuneful review without --results shows the page.",
            where=str(review.verdicts),
        )
    elif max(judged) < FEW_ROWS:
        yield Finding(
            Level.WARNING,
            "few-verdicts",
            f"Only {rows_(max(judged))} of {facts['items']} items were judged: intervals are wide.",
            fix=f"Judge {FEW_ROWS} or more.",
        )
    if facts["num_alike"]:
        yield Finding(
            Level.NOTE,
            "same-answers",
            f"On {rows_(facts['num_alike'])} all gave the same answer; these were not shown and "
            "do not count.",
        )
    if facts["num_torn"]:
        yield Finding(
            Level.WARNING,
            "torn-verdicts",
            f"{facts['num_torn']} lines of verdicts could not be read and do not count.",
            where=str(review.verdicts),
        )


def _about_duel(review: Review, duel: Duel) -> Finding:
    model, against = review.models[duel.model], review.models[duel.against]
    shown = interval(asdict(duel.wins), is_share=True)
    if duel.wins.low > 0.5 or duel.wins.high < 0.5:
        better, worse = (model, against) if duel.wins.low > 0.5 else (against, model)
        return Finding(Level.NOTE, "preferred", f"{better} is preferred to {worse}.", shown)
    title = f"No preference between {model} and {against} is shown."
    fix = "Judge more rows for a narrower interval, or take them as equal."
    return Finding(Level.WARNING, "no-preference", title, shown, fix)


def _about_agreement(people: Sequence[Rater], agreement: Agreement | None) -> Iterator[Finding]:
    if len(people) == 1 or (people and agreement is None):
        yield Finding(
            Level.NOTE,
            "one-opinion",
            "No item was judged by two people: this is the taste of one.",
            fix="Let another person open the same address.",
        )
    if agreement is None or agreement.alpha is None or agreement.alpha >= TRUSTED:
        return
    far = agreement.alpha < TENTATIVE
    yield Finding(
        Level.WARNING if far else Level.NOTE,
        "raters-disagree",
        "The raters agree too little to rely on any one of them."
        if far
        else "The raters agree, but not fully.",
        evidence=f"Krippendorff's alpha {_alpha(agreement)}; {TRUSTED} and above is reliable, "
        f"below {TENTATIVE} is not",
        fix="Read their notes, and say more clearly what a good answer is.",
    )


def _about_sides(people: Sequence[Rater]) -> Iterator[Finding]:
    found = results.left_share(people)
    if found and found[1] < SURE:
        side = "left" if found[0].value > 0.5 else "right"
        yield Finding(
            Level.WARNING,
            "favoured-side",
            f"The {side} answer was chosen too often for chance.",
            evidence=f"left in {interval(asdict(found[0]), is_share=True)}, p {_p(found[1])}",
            fix="Sides change from row to row, so no model gains by it; verdicts are less sharp.",
        )
