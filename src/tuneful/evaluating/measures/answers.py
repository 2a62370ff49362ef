"""Answers to conversations beside the reference's, and how likely the reference is.

Shapes: N rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import nan
from time import perf_counter
from typing import TYPE_CHECKING, Any, ClassVar

from tuneful.data.columns.accepted import read_accepted, reference_of
from tuneful.data.columns.json_schema import read_schema
from tuneful.data.message import Message
from tuneful.evaluating.measures.base import Plain, Told
from tuneful.evaluating.metrics.json_answers import fields
from tuneful.grading.sandbox import not_enforced
from tuneful.models.chat import Talk

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from tuneful.data.rows import Chat
    from tuneful.models.predict import Chatter

MOST_FIELDS = 8
"""Keys of JSON answers that are measured one by one."""


@dataclass(frozen=True, kw_only=True)
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
        tests: Each row's own reference, such as code that tests the answer's; "" for none.
        drawn: Answers drawn to each row; none where none were asked for.
        said_N: Tokens of each answer, its end with them.
        seconds: Of all answers, made many at once; 0 where it is not known.
        alone_N: Seconds of the answer where it was made by itself, NaN elsewhere.
        begun: First lines of each row's program, which an answer may go on from; none elsewhere.
    """

    references: tuple[str, ...]
    answers: tuple[str, ...]
    logp_N: NDArray[np.float64]
    tokens_N: NDArray[np.int64]
    accepted: tuple[str, ...] = ()
    schemas: tuple[str, ...] = ()
    bytes_N: NDArray[np.int64] | None = None
    tools: tuple[tuple[dict[str, Any], ...], ...] = ()
    tests: tuple[str, ...] = ()
    drawn: tuple[tuple[str, ...], ...] = ()
    said_N: NDArray[np.float64] | None = None
    seconds: float = 0.0
    alone_N: NDArray[np.float64] | None = None
    begun: tuple[str, ...] = ()


class Answers(Plain):
    """The last assistant's turn of each conversation."""

    version: ClassVar[int] = 4  # 4: answers are timed

    def depends_on(self) -> list[Any]:
        """Where an answer is cut off, and what is asked beside it."""
        extra = self.context.extra
        more = [extra.samples, extra.temperature, extra.seed] if extra.samples else []
        unscored = [] if extra.scores_reference else ["unscored"]
        return [self.context.max_new_tokens, more, extra.timed, *unscored]

    def ask(self, predictor: Chatter, rows: Sequence[Chat], told: Told) -> list[Any]:
        """[answer, log p, tokens, bytes, more] of each row.

        More are the answer's tokens, its share of the seconds that all took, answers that were
        drawn, and the seconds that it took by itself.
        """
        talks = [Talk(row.prompt, row.tools) for row in rows]
        began = perf_counter()
        said = predictor.said(talks, self.context.max_new_tokens, told("answers"))
        share = (perf_counter() - began) / max(1, len(rows))
        more: list[dict[str, Any]] = [{"tokens": len(ids), "seconds": share} for ids in said]
        self._ask_more(predictor, talks, more, told)
        scores: Sequence[tuple[float, int, int]] = [(nan, 0, 0)] * len(rows)
        if self.context.extra.scores_reference:
            scores = predictor.answer_logp(rows, told("probabilities"))
        known = zip(said, scores, more, strict=True)
        return [[predictor.tokenizer.decode(ids), *part, extra] for ids, part, extra in known]

    def _ask_more(
        self, predictor: Chatter, talks: Sequence[Talk], more: list[dict[str, Any]], told: Told
    ) -> None:
        """Draw answers, and time some by themselves, where that was asked for."""
        from tuneful.models.draws import draw_answers
        from tuneful.models.generate import Sampling

        extra, most = self.context.extra, self.context.max_new_tokens
        if extra.samples:
            how = Sampling(most, extra.temperature, num_answers=extra.samples, seed=extra.seed)
            drawn = draw_answers(predictor, talks, how, told("draws"))
            for known, group in zip(more, drawn, strict=True):
                known["drawn"] = group
        for number in _spread(len(talks), extra.timed):
            began = perf_counter()
            predictor.said([talks[number]], most)
            more[number]["alone"] = perf_counter() - began

    def sample(self, said: Sequence[Any], rows: Sequence[Chat]) -> AnswerSample:
        """Answers beside the rows' own."""
        import numpy as np

        answers, logp, tokens, sizes, more = zip(*said, strict=True)
        return AnswerSample(
            references=tuple(row.answer for row in rows),
            answers=answers,
            logp_N=np.array(logp),
            tokens_N=np.array(tokens),
            bytes_N=np.array(sizes),
            accepted=tuple(reference_of(row) if row.tools else "" for row in rows),
            schemas=tuple(row.reference if read_schema(row.reference) else "" for row in rows),
            tools=tuple(row.tools for row in rows),
            tests=tuple(row.reference for row in rows),
            drawn=tuple(tuple(one["drawn"]) for one in more if "drawn" in one),
            said_N=_numbers(more, "tokens"),
            alone_N=_numbers(more, "alone"),
            seconds=float(sum(one.get("seconds", 0.0) for one in more)),
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

    def facts(self, sample: AnswerSample) -> Mapping[str, Any]:
        """What programs in answers could do on this machine, where some were run."""
        del sample
        return {"sandbox_open": list(not_enforced())} if self.context.extra.runs_code else {}

    def say(self, predictor: Chatter, inputs: Sequence[Any]) -> list[dict[str, Any]]:
        """The answer to each text as a user's turn."""
        talks = [Talk((Message("user", str(text)),)) for text in inputs]
        answers = predictor.answers(talks, self.context.max_new_tokens)
        return [{"answer": answer} for answer in answers]


def _numbers(more: Sequence[Mapping[str, Any]], name: str) -> NDArray[np.float64]:
    """What was noted of each row under a name; NaN where nothing was."""
    import numpy as np

    return np.array([one.get(name, np.nan) for one in more], dtype=np.float64)


def _spread(num_rows: int, count: int) -> list[int]:
    """Numbers of so many rows, evenly spread."""
    some = min(num_rows, count)
    return [at * num_rows // some for at in range(some)]
