"""Reward models: one score for an answer to a conversation.

A model with a chat template reads the conversation as the template writes it, up to the end of the
answer; where it is too long, its beginning is cut, since the score is read at the end. A model
without one (an encoder) reads the prompt and the answer as two texts.

Shapes: N answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from tuneful.core.errors import ModelError
from tuneful.core.events import ignore
from tuneful.data.message import Message
from tuneful.data.rows import Preference, Ranked
from tuneful.models.chat import Talk, render
from tuneful.models.classifier import Classifier
from tuneful.models.predict import load_predictor

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import numpy as np

    from tuneful.core.events import Listener
    from tuneful.core.store import Store
    from tuneful.data.message import Turns
    from tuneful.models.tokenizer import Tokenizer

SCORE = "score"
"""Name of a reward model's only output."""


class Answered(NamedTuple):
    """A conversation and its answer as tokens.

    Attributes:
        tokens: Token ids.
        second: Where the answer begins, for models that mark a second text; 0 elsewhere.
        num_cut: Tokens that did not fit.
    """

    tokens: Sequence[int]
    second: int
    num_cut: int


def encode_answered(
    tokenizer: Tokenizer, prompt: Turns, answer: Turns, max_length: int
) -> Answered:
    """What a reward model reads.

    Raises:
        DataError: The template refuses the conversation.
    """
    if tokenizer.hf.chat_template:
        text = render(tokenizer, Talk((*prompt, *answer)), for_answer=False)
        (ids,) = tokenizer.encode([text])
        return Answered(ids[-max_length:], 0, max(0, len(ids) - max_length))
    asked, said = ("\n".join(turn.content for turn in turns) for turns in (prompt, answer))
    gap = "" if tokenizer.middle else "\n"
    one, other = tokenizer.encode([asked + gap, said])
    closed = tokenizer.close_pair(one, other, max_length)
    return Answered(closed.tokens, closed.second, closed.num_cut)


@dataclass(frozen=True)
class RewardModel:
    """Scores answers; only differences between answers to the same prompt mean something."""

    classifier: Classifier

    def scores(
        self,
        talks: Sequence[tuple[Turns, Turns]],
        on_done: Callable[[int], None] | None = None,
    ) -> np.ndarray:
        """The score of each (prompt, answer): [N] float32. Higher is better.

        Args:
            talks: Turns of a conversation, and the turns that answer it.
            on_done: Told how many are done, now and then.
        """
        own = self.classifier
        encoded = [encode_answered(own.tokenizer, *talk, own.max_length) for talk in talks]
        pairs = [(part.tokens, part.second) for part in encoded]
        return own.logits_of(pairs, on_done)[:, 0]


def load_reward_model(
    reference: str | Path, store: Store, listener: Listener = ignore
) -> RewardModel:
    """Load a model that `method: reward` trained.

    Raises:
        ModelError: Nothing answers to the reference, or it is no reward model.
    """
    found = load_predictor(reference, store, listener=listener)
    if not isinstance(found, Classifier) or found.labels != (SCORE,):
        raise ModelError(
            "This is no reward model: it does not give one score for an answer.",
            where=str(reference),
            fix="Name a run or a folder that was trained with method: reward.",
        )
    return RewardModel(found)


def ranked(row: Preference | Ranked) -> list[tuple[float, Turns]]:
    """The answers of a row with their ranks, the best (lowest rank) first."""
    if isinstance(row, Preference):
        return [(1.0, row.chosen), (2.0, row.rejected)]
    answers: list[Turns] = [(Message("assistant", text),) for text in row.answers]
    return sorted(zip(row.ranks, answers, strict=True), key=lambda pair: pair[0])
