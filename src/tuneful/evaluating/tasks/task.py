"""A task: questions, and what tells right answers from wrong ones.

Its file is not believed: every right answer that it gives must score 1 by its own metric, and every
wrong one 0, or nothing is measured with it.

Shapes: N rows.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from tuneful.core.artifact import digest
from tuneful.core.report import Finding, Level
from tuneful.data.message import Message
from tuneful.data.rows import Chat
from tuneful.evaluating.measures.answers import AnswerSample
from tuneful.evaluating.metrics import metric
from tuneful.evaluating.metrics.base import Mean
from tuneful.evaluating.metrics.pass_at_k import PassAtK

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tuneful.evaluating.metrics.base import Array, Metric
    from tuneful.recipe.task import TaskFile

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
        beginning: First lines of a program, which answers may go on from.
        tests: Code that tests the answer's.
    """

    prompt: tuple[Message, ...]
    gold: str
    wrong: tuple[str, ...]
    place: str
    beginning: str = ""
    tests: str = ""

    def answered(self, answer: str) -> Chat:
        """The conversation with an answer."""
        return Chat((*self.prompt, Message("assistant", answer)))


class Score(Mean):
    """The share of a task's questions that were answered right, or a mean of shares."""

    measures: ClassVar[tuple[str, ...]] = ("answers",)

    @property
    def title(self) -> str:
        """For a person."""
        return "right"

    def statistics(self, sample: Array) -> Array:
        """Scores of answers as they are: [N, 1]."""
        return sample[:, None]


@dataclass(frozen=True)
class Draws:
    """How answers are drawn for pass_at_k.

    Attributes:
        num: To each question; 1 takes the likeliest.
        temperature: They are drawn at.
        seed: Of what is drawn.
    """

    num: int = 1
    temperature: float = 1.0
    seed: int = 0


@dataclass(frozen=True)
class Task:
    """Questions and how answers to them are judged.

    Attributes:
        file: What its file says.
        items: The questions that are asked.
        label: What it is called in a report.
        draws: How answers are drawn, where they are.
    """

    file: TaskFile
    items: tuple[Item, ...]
    label: str
    draws: Draws = Draws()

    @property
    def hash(self) -> str:
        """Of all that decides what it measures."""
        said = [
            [str(item.prompt), item.gold, *item.wrong, item.beginning, item.tests]
            for item in self.items
        ]
        return digest([self.file.metric, self.file.max_new_tokens, said, asdict(self.draws)])

    @property
    def names(self) -> list[str]:
        """Of what is measured."""
        return [self.label]

    @property
    def is_choice(self) -> bool:
        """Whether answers are compared by how likely they are."""
        return self.file.metric == CHOICE

    @property
    def runs_code(self) -> bool:
        """Whether programs in answers are run."""
        return not self.is_choice and isinstance(self.metric, PassAtK)

    @cached_property
    def metric(self) -> Metric:
        """What judges answers, where the task is no choice."""
        return metric(self.file.metric)

    @property
    def facts(self) -> dict[str, object]:
        """For a report."""
        return {"about": self.file.about, "rows": len(self.items), "metric": self.file.metric}

    def scores(self, answers: Sequence[Sequence[str]], items: Sequence[Item]) -> Array:
        """1 for each right answer, 0 for each wrong one, as the metric has it: [N].

        Args:
            answers: To each question one, or as many as were drawn.
            items: The questions.
        """
        import numpy as np

        nothing = np.zeros(len(items))
        sample = AnswerSample(
            references=tuple(item.gold for item in items),
            answers=tuple(group[0] for group in answers),
            logp_N=nothing,
            tokens_N=nothing.astype(np.int64),
            tests=tuple(item.tests for item in items),
            drawn=tuple(tuple(group) for group in answers),
            begun=tuple(item.beginning for item in items),
        )
        return self.metric.statistics(sample)[:, 0]

    def prove(self) -> list[Finding]:
        """Right answers that do not score 1, and wrong ones that do not score 0."""
        if self.is_choice:
            same = [item for item in self.items if item.gold in item.wrong]
            both = [(item.place, item.gold) for item in same]
            return list(self._failed("gold", "is among the wrong ones", both))
        num = self.draws.num
        gold = self.scores([[item.gold] * num for item in self.items], self.items)
        pairs = zip(self.items, gold, strict=True)
        bad = [(item.place, item.gold) for item, score in pairs if score != 1]
        wrong = [(item, text) for item in self.items for text in item.wrong]
        taken = self.scores([[text] * num for _, text in wrong], [item for item, _ in wrong])
        pairs = zip(wrong, taken, strict=True)
        good = [(item.place, text) for (item, text), score in pairs if score != 0]
        return [
            *self._failed("gold", "does not score 1", bad),
            *self._failed("wrong", "does not score 0", good),
        ]

    def _failed(self, key: str, what: str, answers: Sequence[tuple[str, str]]) -> Iterator[Finding]:
        """What failed, by place and text of the answer."""
        if answers:
            shown = [f"{where}: {_short(text)}" for where, text in answers[:MOST_SHOWN]]
            questions = len({where for where, _ in answers})
            yield Finding(
                Level.ERROR,
                f"task-{key}",
                f"{self.label}: the {key} answer of {questions:,} of {len(self.items):,} "
                f"questions {what}, so that nothing was measured with it.",
                evidence="; ".join(shown),
                fix=f"Mend the answers, or judge by another metric than {self.file.metric}.",
                where="evaluate.tasks",
            )


def _short(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= LONGEST else f"{plain[: LONGEST - 1]}…"
