"""Pairs of answers: which one the model finds likelier, and what it says itself.

A pair counts by mean log p a token: sums would favour the shorter answer whatever it says.

Shapes: N rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tuneful.data.message import Message
from tuneful.evaluating.measures.base import Plain, Told
from tuneful.evaluating.metrics.json_answers import fields
from tuneful.models.chat import Talk, encode_answers

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from tuneful.data.message import Turns
    from tuneful.data.rows import Preference
    from tuneful.models.predict import Chatter

MOST_FIELDS = 8
"""Keys of JSON answers that are measured one by one."""


@dataclass(frozen=True)
class PreferenceSample:
    """Answers of the model's own, and how it finds those of each pair.

    Attributes:
        answers: What the model said.
        references: The chosen answers.
        rejected: The rejected ones.
        apart: For each row the mean log p a token of the chosen minus that of the rejected answer.
        margins: Likewise of their summed log p, nats: tuned minus base is the mean implicit reward.
    """

    answers: tuple[str, ...]
    references: tuple[str, ...]
    rejected: tuple[str, ...]
    apart: Sequence[NDArray[np.float64]]
    margins: Sequence[NDArray[np.float64]]


class Preferences(Plain):
    """Chosen and rejected answers by their probability, and the model's own answers."""

    def depends_on(self) -> list[Any]:
        """Where an answer is cut off."""
        return [self.context.max_new_tokens]

    def ask(self, predictor: Chatter, rows: Sequence[Preference], told: Told) -> list[Any]:
        """[answer, log p and tokens of chosen, log p and tokens of rejected] of each row."""
        talks = [Talk(row.prompt) for row in rows]
        answers = predictor.answers(talks, self.context.max_new_tokens, told("answers"))
        known = [
            answer
            for row in rows
            for answer in encode_answers(
                predictor.tokenizer, row.prompt, (row.chosen, row.rejected), predictor.max_length
            )
        ]
        weights = [answer.weights for answer in known]
        logp = predictor.sequence_logp([answer.tokens for answer in known], weights).tolist()
        counts = [sum(w > 0 for w in row) for row in weights]
        return [
            [said, logp[2 * at], counts[2 * at], logp[2 * at + 1], counts[2 * at + 1]]
            for at, said in enumerate(answers)
        ]

    def sample(self, said: Sequence[Any], rows: Sequence[Preference]) -> PreferenceSample:
        """The model's answers and preferences beside the rows' own."""
        import numpy as np

        answers, *numbers = zip(*said, strict=True)
        chosen, many, rejected, few = (np.array(part, dtype=np.float64) for part in numbers)
        apart = chosen / np.maximum(1, many) - rejected / np.maximum(1, few)
        return PreferenceSample(
            answers,
            tuple(_text(row.chosen) for row in rows),
            tuple(_text(row.rejected) for row in rows),
            list(apart[:, None]),
            list((chosen - rejected)[:, None]),
        )

    def metrics(self, sample: PreferenceSample) -> list[str]:
        """Where every chosen answer is a JSON object: that of the model's own, and its fields."""
        keys = fields(sample.references)
        return ["json_valid", *(f"field_accuracy:{k}" for k in keys[:MOST_FIELDS])] if keys else []

    def say(self, predictor: Chatter, inputs: Sequence[Any]) -> list[dict[str, Any]]:
        """The answer to each text as a user's turn."""
        talks = [Talk((Message("user", str(text)),)) for text in inputs]
        answers = predictor.answers(talks, self.context.max_new_tokens)
        return [{"answer": answer} for answer in answers]


def _text(answer: Turns) -> str:
    """An answer's last words."""
    return answer[-1].content
