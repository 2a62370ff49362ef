"""Answers to conversations beside the reference's, and how likely the reference is.

Shapes: N rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tuneful.data.message import Message
from tuneful.evaluating.measures.base import Plain, Told
from tuneful.evaluating.metrics.json_answers import fields

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from tuneful.data.rows import Chat
    from tuneful.models.predict import Chatter

MOST_FIELDS = 8
"""Keys of JSON answers that are measured one by one."""


@dataclass(frozen=True)
class AnswerSample:
    """Answers to conversations.

    Attributes:
        references: What should have been said.
        answers: What was said.
        logp_N: Summed log p (nats) of the reference's learned tokens.
        tokens_N: Their number.
    """

    references: tuple[str, ...]
    answers: tuple[str, ...]
    logp_N: NDArray[np.float64]
    tokens_N: NDArray[np.int64]


class Answers(Plain):
    """The last assistant's turn of each conversation."""

    def depends_on(self) -> list[Any]:
        """Where an answer is cut off."""
        return [self.context.max_new_tokens]

    def ask(self, predictor: Chatter, rows: Sequence[Chat], told: Told) -> list[Any]:
        """[answer, log p, tokens] of each row."""
        prompts = [row.prompt for row in rows]
        answers = predictor.answers(prompts, self.context.max_new_tokens, told("answers"))
        scores = predictor.answer_logp(rows, told("probabilities"))
        return [[a, logp, n] for a, (logp, n) in zip(answers, scores, strict=True)]

    def sample(self, said: Sequence[Any], rows: Sequence[Chat]) -> AnswerSample:
        """Answers beside the rows' own."""
        import numpy as np

        answers, logp, tokens = zip(*said, strict=True)
        references = tuple(row.answer for row in rows)
        return AnswerSample(references, answers, np.array(logp), np.array(tokens))

    def metrics(self, sample: AnswerSample) -> list[str]:
        """Where every reference is a JSON object: that, and each of its fields."""
        keys = fields(sample.references)
        return ["json_valid", *(f"field_accuracy:{k}" for k in keys[:MOST_FIELDS])] if keys else []

    def say(self, predictor: Chatter, inputs: Sequence[Any]) -> list[dict[str, Any]]:
        """The answer to each text as a user's turn."""
        prompts = [(Message("user", str(text)),) for text in inputs]
        answers = predictor.answers(prompts, self.context.max_new_tokens)
        return [{"answer": answer} for answer in answers]
