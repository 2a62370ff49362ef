"""Answers that are wanted or not, one at a time: how likely the model finds each kind.

Shapes: N rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tuneful.data.message import Message
from tuneful.evaluating.measures.base import Plain, Told
from tuneful.models.chat import Talk, encode_answers

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from tuneful.data.rows import Judged
    from tuneful.models.predict import Chatter


@dataclass(frozen=True)
class JudgementSample:
    """Answers with their probability.

    Attributes:
        is_good_N: 1.0 where the answer is wanted, else 0.0.
        mean_N: Mean log p a token, nats.
    """

    is_good_N: NDArray[np.float64]
    mean_N: NDArray[np.float64]


class Judgements(Plain):
    """Wanted and unwanted answers by their probability."""

    def ask(self, predictor: Chatter, rows: Sequence[Judged], told: Told) -> list[Any]:
        """Mean log p a token of each answer."""
        known = [
            encode_answers(predictor.tokenizer, row.prompt, (row.answer,), predictor.max_length)[0]
            for row in rows
        ]
        weights = [answer.weights for answer in known]
        tokens = [answer.tokens for answer in known]
        logp = predictor.sequence_logp(tokens, weights, told("answers")).tolist()
        counts = [max(1, sum(w > 0 for w in row)) for row in weights]
        return [total / count for total, count in zip(logp, counts, strict=True)]

    def sample(self, said: Sequence[Any], rows: Sequence[Judged]) -> JudgementSample:
        """Probabilities beside people's judgement."""
        import numpy as np

        is_good_N = np.array([float(row.is_good) for row in rows])
        return JudgementSample(is_good_N, np.array(said, dtype=np.float64))

    def say(self, predictor: Chatter, inputs: Sequence[Any]) -> list[dict[str, Any]]:
        """The answer to each text as a user's turn."""
        talks = [Talk((Message("user", str(text)),)) for text in inputs]
        answers = predictor.answers(talks, self.context.max_new_tokens)
        return [{"answer": answer} for answer in answers]
