"""Answers to review that stand in a file, whoever gave them.

A row has a prompt (text or turns), `answers` (an object from name to text; the same names in every
row) and, where it is known, a `reference`. Any file that rows are read from will do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tuneful.core.errors import DataError
from tuneful.core.events import ignore
from tuneful.data.columns.cells import PROMPT, json_in, object_in, prompt_of
from tuneful.data.formats.base import BadValue, plain, text_of
from tuneful.data.reading.records import BadRow, place
from tuneful.data.sources import open_source
from tuneful.evaluating.people.making import Answered, Wanted, ask_of, drawn, make

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tuneful.core.events import Listener
    from tuneful.core.store import Store
    from tuneful.data.message import Turns
    from tuneful.evaluating.people.review import Review

SHAPE = 'Write {"prompt": "…", "answers": {"one name": "…", "another": "…"}}'


class _Row(NamedTuple):
    prompt: Turns
    answers: Mapping[str, str]
    reference: str


def review_file(path: Path, wanted: Wanted, store: Store, listener: Listener = ignore) -> Review:
    """A review of a file's answers; the names in its first row are the models, in their order.

    Raises:
        DataError: A row cannot be read, or there is nothing to compare.
    """
    rows = _rows(path, listener)
    numbers = drawn(len(rows), wanted, str(path))
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
    return make(store, path.stem, [names, asked], facts, lambda: answered)


def _rows(path: Path, listener: Listener) -> list[_Row]:
    rows: list[_Row] = []
    for record in open_source(str(path), listener).read():
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
    said = {name: text_of(value, "answers") for name, value in answers.items()}
    reference = text_of(values.get(named.get("reference", "")), "reference")
    return _Row(prompt_of(values[prompt], prompt), said, reference)
