"""Verdicts as rows to learn from: pairs for DPO and its kin, rankings for reward models.

Each row says in `provenance` where it comes from: the review, the row, who judged it, how the
verdicts fell and whose answers these are. What nobody decided is left out and counted.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, Any

from tuneful.core.drafts import drafted, put
from tuneful.core.errors import DataError
from tuneful.data.message import Message
from tuneful.data.rows import Preference, Ranked, to_json
from tuneful.evaluating.people.verdicts import read

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from tuneful.evaluating.people.review import Item, Review
    from tuneful.evaluating.people.verdicts import Verdict


@dataclass(frozen=True)
class Exported:
    """What was written.

    Attributes:
        rows: Their kind: "preference", or "ranked".
        num_rows: How many.
        left_out: Rows that were not, by reason.
    """

    rows: str
    num_rows: int
    left_out: Mapping[str, int]


def export(review: Review, path: Path) -> Exported:
    """Write the rows that verdicts come to, as JSON lines.

    Two compared answers become a preference row, by the majority of the verdicts; several become a
    ranking by mean rank, and ratings of one row's answers a ranking by mean rating.

    Raises:
        DataError: No row came of it; nothing is written.
    """
    rows, left_out = _rows(review)
    write_rows(review, rows, left_out, path)
    return Exported("preference" if review.ask == "prefer" else "ranked", len(rows), left_out)


def write_rows(
    review: Review, rows: Sequence[Mapping[str, Any]], left_out: Mapping[str, int], path: Path
) -> None:
    """Write rows as JSON lines.

    Raises:
        DataError: There are none.
    """
    if not rows:
        reasons = ", ".join(f"{count} {reason}" for reason, count in left_out.items())
        raise DataError(
            f"No verdict makes a row to learn from: {reasons or 'nobody has judged anything'}.",
            where=str(review.verdicts),
            fix="Judge more items; two answers to a row are the least.",
        )
    with drafted(path) as draft:
        lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        draft.write_text("".join(lines), encoding="utf-8")
        put(draft, path)


def _rows(review: Review) -> tuple[list[dict[str, Any]], Counter[str]]:
    groups: dict[int, list[Verdict]] = defaultdict(list)
    for verdict in read(review.verdicts).verdicts:
        groups[review.items[verdict.item].row].append(verdict)
    make = _preference if review.ask == "prefer" else _ranking
    rows: list[dict[str, Any]] = []
    left_out: Counter[str] = Counter()
    for row in sorted(groups):
        found = make(review, groups[row])
        if isinstance(found, str):
            left_out[found] += 1
        else:
            rows.append(found)
    return rows, left_out


def _preference(review: Review, said: Sequence[Verdict]) -> dict[str, Any] | str:
    """A pair, or why there is none."""
    item = review.items[said[0].item]
    votes = Counter(_vote(verdict) for verdict in said)
    first, second = votes["first"], votes["second"]
    if votes["bad"] >= len(said) / 2:
        return "both bad"
    if first == second:
        return "tied"
    chosen = 0 if first > second else 1
    turns = [(Message("assistant", answer),) for answer in item.answers]
    if not item.answers[chosen].strip():
        return "chosen answer is empty"
    row = Preference(item.prompt, turns[chosen], turns[1 - chosen])
    from_ = [review.models[model] for model in item.models]
    about = {"chosen_from": from_[chosen], "rejected_from": from_[1 - chosen]}
    counted = {"for": max(first, second), "against": min(first, second), "tied": votes["tied"]}
    votes_ = {**counted, "bad": votes["bad"]}
    return to_json(row) | _provenance(review, item, said, {**about, "votes": votes_})


def _vote(verdict: Verdict) -> str:
    first, second = verdict.numbers
    if verdict.is_bad:
        return "bad"
    return "tied" if first == second else "first" if first < second else "second"


def _ranking(review: Review, said: Sequence[Verdict]) -> dict[str, Any] | str:
    """A ranking of the row's answers, or why there is none."""
    numbers: dict[int, list[int]] = defaultdict(list)
    answers: dict[int, str] = {}
    for model, answer, number in _judged(review, said):
        answers[model] = answer
        numbers[model].append(number)
    means = {model: fmean(numbers[model]) for model in sorted(numbers)}
    if len(means) < 2:
        return "only one answer rated"
    if len(set(means.values())) == 1:
        return "tied"
    if review.ask == "rate":
        means = {model: -mean for model, mean in means.items()}
    ranks = [1.0 + sum(other < own for other in means.values()) for own in means.values()]
    item = review.items[said[0].item]
    row = Ranked(item.prompt, tuple(answers[model] for model in means), tuple(ranks))
    from_ = [review.models[model] for model in means]
    name = "ratings" if review.ask == "rate" else "ranks"
    given = {"answers_from": from_, f"{name}_given": [numbers[model] for model in means]}
    return to_json(row) | _provenance(review, item, said, given)


def _judged(review: Review, said: Sequence[Verdict]) -> Iterator[tuple[int, str, int]]:
    """Model, answer and number of every answer that was judged."""
    for verdict in said:
        item = review.items[verdict.item]
        yield from zip(item.models, item.answers, verdict.numbers, strict=True)


def _provenance(
    review: Review, item: Item, said: Sequence[Verdict], more: dict[str, Any]
) -> dict[str, Any]:
    people = list(dict.fromkeys(verdict.rater for verdict in said))
    source = {key: review.manifest[key] for key in ("dataset", "split")}
    facts = {"review": review.path.name, **source, "row": item.row, "raters": people}
    notes = [verdict.note for verdict in said if verdict.note]
    return {"provenance": {**facts, **more, **({"notes": notes} if notes else {})}}
