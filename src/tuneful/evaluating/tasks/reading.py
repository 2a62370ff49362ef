"""A task's file and rows, read and checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from tuneful.core.errors import DataError
from tuneful.core.events import ignore
from tuneful.data.message import Message
from tuneful.data.reading.records import BadRow, place
from tuneful.data.sources import open_source
from tuneful.evaluating.metrics import METRICS, metric
from tuneful.evaluating.metrics.base import Mean
from tuneful.evaluating.metrics.pass_at_k import PassAtK
from tuneful.evaluating.tasks.task import CHOICE, Draws, Item, Task
from tuneful.recipe.load import load
from tuneful.recipe.task import AskedTask, TaskFile

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

NO_DRAWS = Draws()


def read_task(path: Path, asked: AskedTask, draws: Draws = NO_DRAWS) -> Task:
    """A task from its file.

    Args:
        path: Of the file.
        asked: How much of it is asked, and by which metric it is judged.
        draws: How answers are drawn, if it is judged by pass_at_k.

    Raises:
        RecipeError: The file is missing or says what a task cannot.
        UnknownName: There is no such metric.
        DataError: The metric cannot judge, there are no rows, or one lacks an answer or a column.
    """
    file = load(TaskFile, path)
    if asked.metric:
        file = file.model_copy(update={"metric": asked.metric})
    draws = _check_metric(file, path, draws)
    items: list[Item] = []
    for values, where in _records(file, path):
        if file.take is not None and len(items) == file.take:
            break
        items.append(_item(file, values, where))
    if not items:
        raise DataError(
            "The task has no questions.", where=str(path), fix="Give it rows, or a source of some."
        )
    label = f"{file.name} {asked.metric}".strip()
    return Task(file, tuple(items[at] for at in spread(len(items), asked.take)), label, draws)


def spread(num: int, take: int | None) -> Sequence[int]:
    """Numbers of the questions that are asked: `take` of `num`, evenly spread."""
    some = num if take is None else min(num, take)
    return [at * num // some for at in range(some)]


def _check_metric(file: TaskFile, path: Path, draws: Draws) -> Draws:
    """Refuse a metric that cannot judge; how answers are drawn for one that can."""
    if file.metric == CHOICE:
        return NO_DRAWS
    known = metric(file.metric)
    if not (known.is_share and _judges(type(known))):
        fitting = [name for name in METRICS if METRICS[name].is_share and _judges(METRICS[name])]
        raise DataError(
            f"The metric {file.metric} does not say of each answer whether it is right.",
            where=f"{path}: metric",
            fix=f"Choose choice, or one of: {', '.join(fitting)}.",
        )
    if not isinstance(known, PassAtK):
        return NO_DRAWS
    known.check(draws.num)
    return draws


def _judges(kind: type[Any]) -> bool:
    return "answers" in kind.measures and issubclass(kind, (Mean, PassAtK))


def _records(file: TaskFile, path: Path) -> Iterator[tuple[Mapping[str, Any], str]]:
    for number, values in enumerate(file.rows, start=1):
        yield values, f"{path}, row {number:,}"
    if not file.source:
        return
    beside = path.parent / file.source
    for record in open_source(str(beside) if beside.exists() else file.source, ignore).read():
        if isinstance(record, BadRow):
            raise record.error()
        yield record.values, place(record)


def _item(file: TaskFile, values: Mapping[str, Any], where: str) -> Item:
    """A question of a row."""

    def filled(text: str) -> str:
        return _filled(text, values, where)

    wrong = [filled(text) for text in file.wrong] or values.get("wrong")
    several = cast("list[object]", wrong) if isinstance(wrong, list) else [wrong]
    texts = tuple(str(text) for text in several if text not in (None, ""))
    gold = filled(file.gold) if file.gold else values.get("gold")
    if gold in (None, "") or not texts:
        raise DataError(
            f"The question has no {'wrong' if texts == () and gold else 'gold'} answer.",
            where=where,
            fix="Give gold, and one or more in wrong: a judge that passes everything shows there.",
        )
    system = (Message("system", file.system),) if file.system else ()
    prompt = (*system, Message("user", filled(file.prompt)))
    return Item(prompt, str(gold), texts, where, filled(file.beginning), filled(file.tests))


def _filled(text: str, values: Mapping[str, Any], where: str) -> str:
    """A text with a row's values in it.

    Raises:
        DataError: It names a column that is not there.
    """
    try:
        return text.format_map({name: str(value) for name, value in values.items()})
    except (KeyError, ValueError, IndexError, AttributeError) as error:
        raise DataError(
            f"{text[:60]!r} cannot be filled: {error!r}.",
            where=where,
            fix=f"Columns are written {{so}}, braces {{{{}}}}; there are {', '.join(values)}.",
        ) from None
