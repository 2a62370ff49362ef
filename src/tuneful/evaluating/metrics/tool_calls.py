"""Calls of tools: the share of answers that make calls which count as right.

Measured on rows that offer tools. An answer that should make no call is right if it makes none.

Source: the check by syntax tree of the Berkeley Function Calling Leaderboard (Patil et al. 2025,
ICML); data.accepted says what counts.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar

from tuneful.core.errors import DataError
from tuneful.data.columns.accepted import accepts, read_accepted
from tuneful.evaluating.metrics.base import Mean, ratio
from tuneful.models.tools import read_calls

if TYPE_CHECKING:
    from tuneful.evaluating.measures.answers import AnswerSample
    from tuneful.evaluating.metrics.base import Array

Call = dict[str, Any]


class ToolCalls(Mean):
    """Right functions with accepted arguments, in any order, by rows that offer tools."""

    measures: ClassVar[tuple[str, ...]] = ("answers",)
    title: ClassVar[str] = "calls right"

    def statistics(self, sample: AnswerSample) -> Array:
        """For each row that offers tools 1 where the calls are right, and 1: [N, 2]."""
        import numpy as np

        if not any(sample.accepted):
            raise DataError(
                "No test row offers tools, so no calls can be measured.",
                where="evaluate.metrics",
                fix="Give rows a column tools, or leave evaluate.metrics to auto.",
            )
        rows = zip(sample.answers, sample.references, sample.accepted, strict=True)
        return np.array(
            [[float(self._is_right(*row)), 1.0] if row[2] else [0.0, 0.0] for row in rows]
        )

    def combine(self, sums_RK: Array, num_rows: int) -> Array:
        """Right ones by all; rows without tools are neither."""
        del num_rows
        return ratio(sums_RK[:, 0], sums_RK[:, 1])

    def _is_right(self, said: str, reference: str, accepted: str) -> bool:
        del reference
        calls, wanted = read_calls(said), read_accepted(accepted)
        return calls is not None and wanted is not None and accepts(calls, wanted)


class ExactToolCalls(ToolCalls):
    """The row's own calls to the letter, in any order, by rows that offer tools."""

    title: ClassVar[str] = "calls exact"

    def _is_right(self, said: str, reference: str, accepted: str) -> bool:
        del accepted
        calls = read_calls(said)
        return calls is not None and _written(calls) == _written(read_calls(reference) or [])


def _written(calls: list[Call]) -> list[str]:
    return sorted(json.dumps(call, sort_keys=True) for call in calls)
