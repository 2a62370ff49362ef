"""Answers to conversations beside the reference's, and how likely the reference is.

Shapes: N rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from tuneful.data.columns.accepted import read_accepted, reference_of
from tuneful.data.columns.json_schema import read_schema
from tuneful.data.message import Message
from tuneful.evaluating.measures.base import Plain, Told
from tuneful.evaluating.metrics.json_answers import fields
from tuneful.models.chat import Talk

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
        accepted: Calls that count as right, as JSON (data.accepted); "" for rows without tools.
        schemas: JSON Schemas that answers must fit; "" for rows that have none.
        bytes_N: How many bytes the reference's learned tokens spell.
        tools: Functions that each row offers.
    """

    references: tuple[str, ...]
    answers: tuple[str, ...]
    logp_N: NDArray[np.float64]
    tokens_N: NDArray[np.int64]
    accepted: tuple[str, ...] = ()
    schemas: tuple[str, ...] = ()
    bytes_N: NDArray[np.int64] | None = None
    tools: tuple[tuple[dict[str, Any], ...], ...] = ()


class Answers(Plain):
    """The last assistant's turn of each conversation."""

    version: ClassVar[int] = 3  # 3: bytes are counted

    def depends_on(self) -> list[Any]:
        """Where an answer is cut off."""
        return [self.context.max_new_tokens]

    def ask(self, predictor: Chatter, rows: Sequence[Chat], told: Told) -> list[Any]:
        """[answer, log p, tokens, bytes] of each row."""
        talks = [Talk(row.prompt, row.tools) for row in rows]
        answers = predictor.answers(talks, self.context.max_new_tokens, told("answers"))
        scores = predictor.answer_logp(rows, told("probabilities"))
        return [[answer, *known] for answer, known in zip(answers, scores, strict=True)]

    def sample(self, said: Sequence[Any], rows: Sequence[Chat]) -> AnswerSample:
        """Answers beside the rows' own."""
        import numpy as np

        answers, logp, tokens, sizes = zip(*said, strict=True)
        references = tuple(row.answer for row in rows)
        accepted = tuple(reference_of(row) if row.tools else "" for row in rows)
        schemas = tuple(row.reference if read_schema(row.reference) else "" for row in rows)
        return AnswerSample(
            references,
            answers,
            np.array(logp),
            np.array(tokens),
            accepted,
            schemas,
            np.array(sizes),
            tuple(row.tools for row in rows),
        )

    def metrics(self, sample: AnswerSample) -> list[str]:
        """Calls where rows offer tools, schemas where they have them, fields of JSON objects."""
        if any(sample.accepted):
            known = [read_accepted(text) for text in sample.accepted if text]
            wants = {bool(calls) for calls in known if calls is not None}
            return ["tool_calls", "tool_calls_exact"] + ["tool_irrelevance"] * (len(wants) > 1)
        found, keys = ["json_schema"] if any(sample.schemas) else [], fields(sample.references)
        found += ["json_valid"] if keys else []
        return found + [f"field_accuracy:{key}" for key in keys[:MOST_FIELDS]]

    def say(self, predictor: Chatter, inputs: Sequence[Any]) -> list[dict[str, Any]]:
        """The answer to each text as a user's turn."""
        talks = [Talk((Message("user", str(text)),)) for text in inputs]
        answers = predictor.answers(talks, self.context.max_new_tokens)
        return [{"answer": answer} for answer in answers]
