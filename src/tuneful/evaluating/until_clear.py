"""Ask several models portion by portion, and stop as soon as it is clear which are better.

Rows come in an order drawn by the seed. After each portion the difference of every model to the
first one is looked at, by an interval that may be looked at as often as one likes (sequential);
several of them share the 5 %.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tuneful.core.errors import DataError
from tuneful.core.events import Event
from tuneful.core.report import Finding, Level, Report, Table
from tuneful.evaluating.evaluate import metric_names
from tuneful.evaluating.interval import COVERAGE
from tuneful.evaluating.metrics import metric
from tuneful.evaluating.metrics.base import Mean
from tuneful.evaluating.predictions import measure_of
from tuneful.evaluating.sequential import confidence_sequence, difference_sequence
from tuneful.evaluating.summary import interval
from tuneful.models.predict import Untuned, load_predictor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from tuneful.core.events import Listener
    from tuneful.core.report import Cell
    from tuneful.core.store import Store
    from tuneful.data.rows import Row
    from tuneful.evaluating.measures.base import Measure
    from tuneful.evaluating.metrics.base import Array
    from tuneful.evaluating.side_by_side import Contest, Contestant
    from tuneful.models.model import Model

PORTION = 32
"""Rows between looks: enough for a batch, few against what is spared."""


@dataclass(frozen=True)
class Asked:
    """A model that is in memory, and how it is asked."""

    measure: Measure
    predictor: Any


def ask_until_clear(
    contest: Contest, store: Store, listener: Listener, portion: int = PORTION
) -> Report:
    """Ask all models until every difference to the first is clear, or there are no more rows.

    Raises:
        DataError: They cannot be compared, or the first metric is no mean of rows' numbers from 0
            to 1.
        ModelError: A model cannot be loaded.
    """
    contest.check()
    like = next(one.model for one in contest.models if one.model is not None)
    asked = {one.name: _load(one, like, contest, store, listener) for one in contest.models}
    rows: list[Row] = list(contest.data.rows("test"))
    random.Random(f"until clear {contest.recipe.seed}").shuffle(rows)
    said: dict[str, list[Any]] = {name: [] for name in asked}
    facts: dict[str, Any] = {}
    for end in range(min(portion, len(rows)), len(rows) + portion, portion):
        some = rows[:end]
        for name, one in asked.items():
            new = some[len(said[name]) :]
            said[name] += one.measure.ask(one.predictor, new, _silent)
        samples = {name: one.measure.sample(said[name], some) for name, one in asked.items()}
        facts = _look(contest, samples, asked)
        told = {"stage": "compare", "done": len(some), "total": len(rows), "unit": "rows"}
        listener(Event("progress", told | {"text": f"{facts['clear']} clear"}))
        if facts["clear"] == len(asked) - 1:
            break
    facts |= {"models": list(asked), "of": len(rows), "dataset": contest.data.hash}
    return Report("Comparison until clear", list(_findings(facts)), [_table(facts)], facts)


def _silent(what: str) -> Callable[[int], None]:
    """Portions are told of as a whole."""

    def told(done: int) -> None:
        del done

    del what
    return told


def _load(
    one: Contestant, like: Model, contest: Contest, store: Store, listener: Listener
) -> Asked:
    if one.model is not None:
        measure = measure_of(one.model, contest.recipe, store)
        return Asked(measure, load_predictor(one.model.path, store, listener=listener))
    untuned = Untuned(like.head, like.labels, contest.recipe.seed)
    predictor = load_predictor(one.name, store, untuned=untuned, listener=listener)
    measure = measure_of(like, contest.recipe, store, is_base=True)
    return Asked(measure, replace(predictor, max_length=like.max_length))


def _look(
    contest: Contest, samples: Mapping[str, Any], asked: Mapping[str, Asked]
) -> dict[str, Any]:
    """The first metric of each model, and its difference to the first, as of now."""
    first, *others = samples
    more = asked[first].measure.metrics(samples[first])
    name = metric_names(contest.recipe, more)[0]
    known = metric(name)
    value_N = {one: _values(name, known.statistics(sample)) for one, sample in samples.items()}
    error = (1 - COVERAGE) / len(others)
    apart = {one: _of_difference(value_N[one] - value_N[first], error) for one in others}
    return {
        "metric": name,
        "title": known.title,
        "better": known.better,
        "rows": len(value_N[first]),
        "values": {one: _of_mean(numbers) for one, numbers in value_N.items()},
        "differences": apart,
        "clear": sum(part["low"] > 0 or part["high"] < 0 for part in apart.values()),
    }


def _values(name: str, statistics_NK: Array) -> Array:
    """The metric's number of each row.

    Raises:
        DataError: It has none from 0 to 1.
    """
    is_mean = isinstance(metric(name), Mean) and statistics_NK.shape[1] == 1
    if not is_mean or statistics_NK.min() < 0 or statistics_NK.max() > 1:
        raise DataError(
            f"{name} is not the mean of a number from 0 to 1 of each row, and only of such is it "
            "known when they are clear.",
            where="evaluate.metrics",
            fix="Name one first that is: --metrics accuracy, exact_match, token_f1, rouge_l.",
        )
    return statistics_NK[:, 0]


def _of_mean(value_N: Array) -> dict[str, float]:
    low_1N, high_1N = confidence_sequence(value_N[None])
    return {
        "value": float(value_N.mean()),
        "low": float(low_1N[0, -1]),
        "high": float(high_1N[0, -1]),
    }


def _of_difference(apart_N: Array, error: float) -> dict[str, float]:
    low_N, high_N = difference_sequence(apart_N, error)
    return {"value": float(apart_N.mean()), "low": float(low_N[-1]), "high": float(high_N[-1])}


def _findings(facts: Mapping[str, Any]) -> Iterator[Finding]:
    first = facts["models"][0]
    for name, apart in facts["differences"].items():
        low, high = apart["low"], apart["high"]
        if facts["better"] == "lower":
            low, high = -high, -low
        verdict = "better than" if low > 0 else "worse than" if high < 0 else ""
        yield Finding(
            Level.NOTE,
            verdict.split(" ", maxsplit=1)[0] or "not-shown",
            f"By {facts['title']} {name} is {verdict or 'not shown to differ from'} {first}.",
            evidence=f"difference {interval(apart, is_share=True, sign=True)} after "
            f"{facts['rows']:,} of {facts['of']:,} rows",
        )


def _table(facts: Mapping[str, Any]) -> Table:
    names: Sequence[str] = facts["models"]
    rows: list[list[Cell]] = []
    for name in names:
        apart = facts["differences"].get(name)
        shown = interval(apart, is_share=True, sign=True) if apart else None
        rows.append([name, interval(facts["values"][name], is_share=True), shown])
    note = (
        f"{facts['rows']:,} of {facts['of']:,} test rows in random order, until it was clear; 95 % "
        "confidence sequences, which hold however often one looks, and are wider for it."
    )
    columns = ["model", facts["title"], f"difference to {names[0]}"]
    return Table("Until it was clear", columns, rows, note)
