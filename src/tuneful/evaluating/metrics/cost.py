"""What answers cost: the tokens that they take, and the time that one of them takes by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from tuneful.core.errors import DataError
from tuneful.evaluating.metrics.base import Mean

if TYPE_CHECKING:
    from tuneful.evaluating.measures.answers import AnswerSample
    from tuneful.evaluating.metrics.base import Array


class AnswerTokens(Mean):
    """The mean number of tokens of an answer, its end with them."""

    better: ClassVar[Literal["higher", "lower"]] = "lower"
    is_share: ClassVar[bool] = False
    measures: ClassVar[tuple[str, ...]] = ("answers",)
    title: ClassVar[str] = "tokens an answer"

    def statistics(self, sample: AnswerSample) -> Array:
        """Tokens of each answer: [N, 1]."""
        assert sample.said_N is not None, "measures count them"
        return sample.said_N[:, None]


class Latency:
    """Seconds of an answer that is made by itself: the median, or with ":95" what 95 % stay below.

    Measured on some rows, evenly spread, one after the other, on this machine as it was.
    """

    better: ClassVar[Literal["higher", "lower"]] = "lower"
    is_share: ClassVar[bool] = False
    measures: ClassVar[tuple[str, ...]] = ("answers",)
    undefined: ClassVar[str] = "no answer was timed by itself"

    def __init__(self, part: str = "") -> None:
        self.part = part
        if part and not (part.isdecimal() and 0 < int(part) < 100):
            raise DataError(
                f"{part!r} is no percentage.",
                where=f"evaluate.metrics: latency_s:{part}",
                fix="Write latency_s for the median, or latency_s:95.",
            )
        self._share = int(part or 50) / 100

    @property
    def title(self) -> str:
        """With the percentage."""
        return f"seconds an answer, {self.part} %" if self.part else "seconds an answer, median"

    def statistics(self, sample: AnswerSample) -> Array:
        """Seconds of each answer by itself, NaN where it was not timed: [N, 1]."""
        assert sample.alone_N is not None, "measures say"
        return sample.alone_N[:, None]

    def weighed(self, weights_RN: Array, statistics_NK: Array) -> Array:
        """The least time that this share of the weight does not exceed; NaN without weight."""
        import numpy as np

        seconds_N = statistics_NK[:, 0]
        order_N = np.argsort(seconds_N)[: int((~np.isnan(seconds_N)).sum())]
        if not len(order_N):
            return np.full(len(weights_RN), np.nan)
        below_RN = np.cumsum(weights_RN[:, order_N], axis=1)
        reached_RN = below_RN >= self._share * below_RN[:, -1:] - 1e-9
        found_R = seconds_N[order_N][reached_RN.argmax(axis=1)]
        return np.where(below_RN[:, -1] > 0, found_R, np.nan)
