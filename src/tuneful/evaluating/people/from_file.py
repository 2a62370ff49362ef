"""Answers to review that stand in a file, whoever gave them, and what people said of them before.

A row has a prompt (text or turns), `answers` (an object from name to text; the same names in every
row) and, where it is known, a `reference`. Any file that rows are read from will do. Verdicts that
people gave elsewhere stand in `ranks` (1 is best) or `ratings` (1 to 5): by person, then by answer.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tuneful.core.errors import DataError
from tuneful.core.events import ignore
from tuneful.data.columns.cells import PROMPT, json_in, object_in, prompt_of
from tuneful.data.formats.base import BadValue, plain, text_of
from tuneful.data.reading.records import BadRow, place
from tuneful.data.sources import open_source
from tuneful.evaluating.people.making import Answered, Wanted, ask_of, drawn, make
from tuneful.evaluating.people.order import LONGEST_NAME, key_of
from tuneful.evaluating.people.review import BEST_RATING
from tuneful.evaluating.people.verdicts import Verdict, append_line, lines_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tuneful.core.events import Listener
    from tuneful.core.store import Store
    from tuneful.data.message import Turns
    from tuneful.evaluating.people.review import Review

Said = dict[str, tuple[int, ...]]
"""Of each person, a number for every answer."""
SHAPE = 'Write {"prompt": "…", "answers": {"one name": "…", "another": "…"}}'


class _Row(NamedTuple):
    prompt: Turns
    answers: Mapping[str, str]
    reference: str
    said: Mapping[str, Said]


def review_file(source: str, wanted: Wanted, store: Store, listener: Listener = ignore) -> Review:
    """A review of a file's answers; the names in its first row are the models, in their order.

    Verdicts in its rows become verdicts of the review, once.

    Args:
        source: A file, or another source of rows as recipes name it.
        wanted: What people are asked.
        store: Where the review stands.
        listener: Hears how the work goes on.

    Raises:
        DataError: A row cannot be read, or there is nothing to compare.
    """
    rows = _rows(source, listener)
    numbers = drawn(len(rows), wanted, source)
    names = list(rows[0].answers)
    facts = {"models": names, "ask": ask_of(wanted, names), "dataset": "", "split": ""}
    answered = [
        Answered(
            number,
            rows[number].prompt,
            tuple(rows[number].answers[name] for name in names),
            rows[number].reference,
        )
        for number in numbers
    ]
    asked = [
        [one.row, [turn.to_json() for turn in one.prompt], list(one.answers)] for one in answered
    ]
    review = make(store, Path(source).stem, [names, asked], facts, lambda: answered)
    _keep(review, rows)
    return review


def _keep(review: Review, rows: Sequence[_Row]) -> None:
    """Add what the file's people said, but for items that they have said something of."""
    known = {(key_of(str(v.get("rater"))), v.get("item")) for v in lines_of(review.verdicts)[0]}
    given = [v for v in _given(review, rows) if (key_of(v.rater), v.item) not in known]
    if given:
        append_line(review.verdicts, *map(asdict, given))


def _given(review: Review, rows: Sequence[_Row]) -> Iterator[Verdict]:
    column = "ratings" if review.ask == "rate" else "ranks"
    for number, item in enumerate(review.items):
        for person, numbers in rows[item.row].said[column].items():
            yield Verdict(person, number, tuple(numbers[m] for m in item.models), ())


def _rows(source: str, listener: Listener) -> list[_Row]:
    rows: list[_Row] = []
    for record in open_source(source, listener).read():
        if isinstance(record, BadRow):
            raise DataError(record.problem, where=place(record), fix=f"{record.fix}.")
        try:
            rows.append(_row(record.values, rows[0].answers if rows else {}))
        except BadValue as bad:
            where = place(record)
            raise DataError(bad.problem, where=where, fix=f"{bad.fix}.") from None
    return rows


def _row(values: Mapping[str, Any], like: Mapping[str, str]) -> _Row:
    named = {plain(name): name for name in values}
    prompt = next((named[name] for tier in PROMPT for name in tier if name in named), None)
    answers = object_in(json_in(values.get(named.get("answers", ""))))
    if prompt is None or not answers:
        raise BadValue(f"The row has {', '.join(values)}, not prompt and answers by name.", SHAPE)
    if like and answers.keys() != like.keys():
        raise BadValue("The row has answers of others than the first row.", SHAPE)
    texts = {name: text_of(value, "answers") for name, value in answers.items()}
    reference = text_of(values.get(named.get("reference", "")), "reference")
    best = {"ranks": len(texts), "ratings": BEST_RATING}
    names = list(like or texts)
    said = {
        column: _said(values.get(named.get(column, "")), column, names, most)
        for column, most in best.items()
    }
    return _Row(prompt_of(values[prompt], prompt), texts, reference, said)


def _said(value: object, column: str, names: Sequence[str], most: int) -> Said:
    """Of each person, a number from 1 to `most` for every answer, in the models' order.

    Raises:
        BadValue: A person's verdict is none.
    """
    found: Said = {}
    for person, given in object_in(json_in(value)).items():
        numbers = object_in(given)
        is_whole = all(type(n) is int and 1 <= n <= most for n in numbers.values())
        if not is_whole or numbers.keys() != set(names) or not 0 < len(person) <= LONGEST_NAME:
            raise BadValue(
                f"{column} has {person!r}: {given!r}.",
                f"Give each person a whole number from 1 to {most} for {', '.join(names)}",
            )
        by_name = [numbers[name] for name in names]
        if column == "ranks":
            by_name = [1 + sum(other < own for other in by_name) for own in by_name]
        found[person] = tuple(by_name)
    return found
