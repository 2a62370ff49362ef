"""A task: questions, and what tells right answers from wrong ones.

Its file is not believed: every right answer that it gives must score 1 by its own metric, and every
wrong one 0, or nothing is measured with it.

Shapes: N rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, cast

from tuneful.core.artifact import digest
from tuneful.core.errors import DataError
from tuneful.core.events import ignore
from tuneful.core.report import Finding, Level
from tuneful.data.message import Message
from tuneful.data.reading.records import BadRow, place
from tuneful.data.rows import Chat
from tuneful.data.sources import open_source
from tuneful.evaluating.measures.answers import AnswerSample
from tuneful.evaluating.metrics import METRICS, metric
from tuneful.evaluating.metrics.base import Mean
from tuneful.recipe.load import load
from tuneful.recipe.task import TaskFile

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from tuneful.evaluating.metrics.base import Array

CHOICE = "choice"
MOST_SHOWN = 5
LONGEST = 60


@dataclass(frozen=True)
class Item:
    """A question.

    Attributes:
        prompt: Turns that wait for an answer.
        gold: A right answer.
        wrong: Wrong ones, at least one.
        place: Where it was read.
    """

    prompt: tuple[Message, ...]
    gold: str
    wrong: tuple[str, ...]
    place: str

    def answered(self, answer: str) -> Chat:
        """The conversation with an answer."""
        return Chat((*self.prompt, Message("assistant", answer)))


class Score(Mean):
    """The share of a task's questions that were answered right."""

    measures: ClassVar[tuple[str, ...]] = ("answers",)

    @property
    def title(self) -> str:
        """For a person."""
        return "right"

    def statistics(self, sample: Array) -> Array:
        """Scores of answers as they are: [N, 1]."""
        return sample[:, None]


@dataclass(frozen=True)
class Task:
    """Questions and how answers to them are judged."""

    file: TaskFile
    items: tuple[Item, ...]

    @property
    def hash(self) -> str:
        """Of all that decides what it measures."""
        said = [[str(item.prompt), item.gold, *item.wrong] for item in self.items]
        return digest([self.file.metric, self.file.max_new_tokens, said])

    @property
    def is_choice(self) -> bool:
        """Whether answers are compared by how likely they are."""
        return self.file.metric == CHOICE

    def scores(self, answers: Sequence[str], items: Sequence[Item]) -> Array:
        """1 for each right answer, 0 for each wrong one, as the metric has it: [N]."""
        import numpy as np

        nothing = np.zeros(len(items))
        references = tuple(item.gold for item in items)
        sample = AnswerSample(
            references=references,
            answers=tuple(answers),
            logp_N=nothing,
            tokens_N=nothing.astype(np.int64),
        )
        return metric(self.file.metric).statistics(sample)[:, 0]

    def prove(self) -> list[Finding]:
        """Right answers that do not score 1, and wrong ones that do not score 0."""
        if self.is_choice:
            same = [item for item in self.items if item.gold in item.wrong]
            return list(self._failed("gold", "is among the wrong ones", same))
        gold = self.scores([item.gold for item in self.items], self.items)
        bad = [item for item, score in zip(self.items, gold, strict=True) if score != 1]
        wrong = [item for item in self.items for _ in item.wrong]
        taken = self.scores([text for item in self.items for text in item.wrong], wrong)
        good = [item for item, score in zip(wrong, taken, strict=True) if score != 0]
        return [
            *self._failed("gold", "does not score 1", bad),
            *self._failed("wrong", "does not score 0", good),
        ]

    def _failed(self, key: str, what: str, items: Sequence[Item]) -> Iterator[Finding]:
        if items:
            shown = [f"{item.place}: {_short(item.gold)}" for item in items[:MOST_SHOWN]]
            yield Finding(
                Level.ERROR,
                f"task-{key}",
                f"{self.file.name}: the {key} answer of {len(items):,} of {len(self.items):,} "
                f"questions {what}, so that nothing was measured with it.",
                evidence="; ".join(shown),
                fix=f"Mend the answers, or judge by another metric than {self.file.metric}.",
                where="evaluate.tasks",
            )


def read_task(path: Path) -> Task:
    """A task from its file.

    Raises:
        RecipeError: The file is missing or says what a task cannot.
        UnknownName: There is no such metric.
        DataError: The metric cannot judge, there are no rows, or one lacks an answer or a column.
    """
    file = load(TaskFile, path)
    if file.metric != CHOICE:
        _check_metric(file, path)
    items: list[Item] = []
    for values, where in _records(file, path):
        if file.take is not None and len(items) == file.take:
            break
        items.append(_item(file, values, where))
    if not items:
        raise DataError(
            "The task has no questions.", where=str(path), fix="Give it rows, or a source of some."
        )
    return Task(file, tuple(items))


def _check_metric(file: TaskFile, path: Path) -> None:
    known = metric(file.metric)
    if "answers" in known.measures and isinstance(known, Mean) and known.is_share:
        return
    fitting = [
        name
        for name in METRICS
        if "answers" in METRICS[name].measures
        and issubclass(METRICS[name], Mean)
        and METRICS[name].is_share
    ]
    raise DataError(
        f"The metric {file.metric} does not say of each answer whether it is right.",
        where=f"{path}: metric",
        fix=f"Choose choice, or one of: {', '.join(fitting)}.",
    )


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
    wrong = values.get("wrong")
    several = cast("list[object]", wrong) if isinstance(wrong, list) else [wrong]
    texts = tuple(str(text) for text in several if text not in (None, ""))
    gold = values.get("gold")
    if gold in (None, "") or not texts:
        raise DataError(
            f"The question has no {'wrong' if texts == () and gold else 'gold'} answer.",
            where=where,
            fix="Give gold, and one or more in wrong: a judge that passes everything shows there.",
        )
    try:
        user = file.prompt.format_map({name: str(value) for name, value in values.items()})
    except (KeyError, ValueError, IndexError, AttributeError) as error:
        raise DataError(
            f"The prompt cannot be filled: {error!r}.",
            where=where,
            fix=f"Columns are written {{so}}, braces {{{{}}}}; there are {', '.join(values)}.",
        ) from None
    system = (Message("system", file.system),) if file.system else ()
    return Item((*system, Message("user", user)), str(gold), texts, where)


def _short(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= LONGEST else f"{plain[: LONGEST - 1]}…"
