"""Who a judge is: a model behind an OpenAI-compatible endpoint, or one on this machine.

A chat model here is asked in the same words; a reward model gives each answer a score, and the
higher one is better.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from tuneful.core.endpoint import Endpoint, NoReply
from tuneful.core.errors import ModelError
from tuneful.core.events import ignore
from tuneful.data.message import Message
from tuneful.models.chat import Talk
from tuneful.models.classifier import Classifier
from tuneful.models.predict import Chatter, load_predictor
from tuneful.models.rewards import SCORE, RewardModel

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tuneful.core.events import Listener
    from tuneful.core.store import Store
    from tuneful.evaluating.judges.questions import Question

AT_ONCE = 8
LONGEST_REPLY = 512
"""Tokens: a reason and a verdict."""
RETRIES = 2


@dataclass(frozen=True)
class Said:
    """A reply, or why there is none ("timed-out", "unreachable", "unreadable", "refused")."""

    text: str = ""
    silence: str = ""


class Voice(Protocol):
    """Answers questions, each for itself."""

    @property
    def name(self) -> str:
        """What it is called in results."""
        ...

    def answers(self, questions: Sequence[Question]) -> Iterator[Said]:
        """What it says to each question, in their order, as it comes."""
        ...


@dataclass(frozen=True)
class Remote:
    """A model behind an endpoint; questions are asked some at a time.

    Attributes:
        url: Up to /v1.
        model: What the endpoint calls it.
        key: Sent as a bearer token; "" for none.
        timeout_s: For one reply.
    """

    url: str
    model: str
    key: str = field(default="", repr=False)
    timeout_s: float = 60.0

    @property
    def name(self) -> str:
        """The endpoint's name of it."""
        return self.model

    def answers(self, questions: Sequence[Question]) -> Iterator[Said]:
        """Its replies.

        Raises:
            ModelError: The key, the model or the address is wrong.
        """
        endpoint = Endpoint(self.url, self.model, self.key, self.timeout_s, RETRIES)

        def ask(question: Question) -> Said:
            try:
                turns = [{"role": "user", "content": question.text}]
                return Said(endpoint.ask(turns, LONGEST_REPLY, temperature=0).text)
            except NoReply as silence:
                return Said(silence=silence.kind)

        with ThreadPoolExecutor(AT_ONCE) as pool:
            yield from pool.map(ask, questions)


@dataclass(frozen=True)
class Local:
    """A model on this machine.

    Attributes:
        reference: As a recipe names it.
        store: Where runs and models are.
        listener: Hears of downloads.
    """

    reference: str
    store: Store
    listener: Listener = ignore

    @property
    def name(self) -> str:
        """Its reference."""
        return self.reference

    def answers(self, questions: Sequence[Question]) -> Iterator[Said]:
        """Its replies, some at a time.

        Raises:
            ModelError: It is not to be found, or can neither talk nor compare answers.
        """
        model = load_predictor(self.reference, self.store, listener=self.listener)
        if isinstance(model, Classifier) and model.labels == (SCORE,):
            yield from _scored(RewardModel(model), questions)
            return
        if not isinstance(model, Chatter):
            raise ModelError(
                "This model neither talks nor scores answers, so it cannot say which is better.",
                where=self.reference,
                fix="Name a chat model, or one that method: reward trained.",
            )
        for begin in range(0, len(questions), AT_ONCE):
            some = questions[begin : begin + AT_ONCE]
            talks = [Talk((Message("user", question.text),)) for question in some]
            yield from (Said(text) for text in model.answers(talks, LONGEST_REPLY))


def _scored(model: RewardModel, questions: Sequence[Question]) -> Iterator[Said]:
    """The answer with the higher score, in a judge's words.

    Raises:
        ModelError: There are no two answers: a score alone is no rating.
    """
    if any(len(question.answers) != 2 for question in questions):
        raise ModelError(
            "A reward model compares answers; its scores are no ratings from 1 to 5.",
            where="--judge",
            fix="Review two or more models with --ask prefer or rank, or name a chat model.",
        )
    answers = dict.fromkeys((q.prompt, answer) for q in questions for answer in q.answers)
    talks = [(prompt, (Message("assistant", answer),)) for prompt, answer in answers]
    scores = dict(zip(answers, model.scores(talks).tolist(), strict=True))
    for question in questions:
        a, b = (scores[question.prompt, answer] for answer in question.answers)
        said = "TIE" if a == b else "A" if a > b else "B"
        yield Said(f"{a:.6g} to {b:.6g}: [[{said}]]")
