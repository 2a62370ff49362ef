"""What is right and wrong with calls of tools: functions, arguments, types, several calls, none.

After the categories and errors of the Berkeley Function Calling Leaderboard (Patil et al. 2025,
ICML); data.accepted says what counts as an accepted value. A call that was begun and cannot be read
is no call at all, and no silence either.
"""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter
from typing import TYPE_CHECKING, Any, ClassVar, cast

from tuneful.data.columns.accepted import accepts, accepts_value, may_be_omitted, read_accepted
from tuneful.data.columns.json_schema import TYPES
from tuneful.evaluating.metrics.base import Ratio
from tuneful.models.tools import read_calls

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tuneful.evaluating.measures.answers import AnswerSample
    from tuneful.evaluating.metrics.base import Array

Call = dict[str, Any]


class _OfCalls(Ratio):
    """Something counted over rows that offer tools."""

    measures: ClassVar[tuple[str, ...]] = ("answers",)
    undefined: ClassVar[str] = "no test row offers tools"

    def statistics(self, sample: AnswerSample) -> Array:
        """What is right, and what counts, in each row: [N, 2]."""
        import numpy as np

        found: list[tuple[float, float]] = []
        tools = sample.tools or ((),) * len(sample.answers)
        for said, text, offered in zip(sample.answers, sample.accepted, tools, strict=True):
            wanted = read_accepted(text) if text else None
            calls = read_calls(said)
            found.append((0.0, 0.0) if wanted is None else self._count(calls, wanted, offered))
        return np.array(found, dtype=np.float64)

    @abstractmethod
    def _count(
        self, calls: list[Call] | None, wanted: list[Call], tools: Sequence[Mapping[str, Any]]
    ) -> tuple[float, float]:
        """Of a row: calls made, None where they cannot be read; those wanted; tools offered."""


class ToolNames(_OfCalls):
    """The share of rows whose calls are of the right functions, each as often, in any order."""

    title: ClassVar[str] = "functions right"

    def _count(self, calls: Any, wanted: Any, tools: Any) -> tuple[float, float]:
        del tools
        return float(calls is not None and _names(calls) == _names(wanted)), 1.0


class ToolParallel(_OfCalls):
    """The share of rows that want several calls whose calls are all right."""

    title: ClassVar[str] = "several calls right"
    undefined: ClassVar[str] = "no test row wants several calls"

    def _count(self, calls: Any, wanted: Any, tools: Any) -> tuple[float, float]:
        del tools
        if len(wanted) < 2:
            return 0.0, 0.0
        return float(calls is not None and accepts(calls, wanted)), 1.0


class ToolIrrelevance(_OfCalls):
    """The share of rows in which no tool helps that call none."""

    title: ClassVar[str] = "no call where none helps"
    undefined: ClassVar[str] = "every test row that offers tools wants a call"

    def _count(self, calls: Any, wanted: Any, tools: Any) -> tuple[float, float]:
        del tools
        return (0.0, 0.0) if wanted else (float(calls == []), 1.0)


class ToolRelevance(_OfCalls):
    """The share of rows in which a tool helps that make some call, right or wrong."""

    title: ClassVar[str] = "a call where one helps"
    undefined: ClassVar[str] = "no test row wants a call"

    def _count(self, calls: Any, wanted: Any, tools: Any) -> tuple[float, float]:
        del tools
        return (float(bool(calls)), 1.0) if wanted else (0.0, 0.0)


class ToolArguments(_OfCalls):
    """The share of arguments that have an accepted value, by all that are wanted or are given.

    Each wanted call is held against that call of its function which has most right. What is missing
    counts as wrong, and so does what nobody wants; what may be left out counts where it is given.
    """

    title: ClassVar[str] = "arguments right"
    undefined: ClassVar[str] = "no test row wants a call with arguments"

    def _count(self, calls: Any, wanted: Any, tools: Any) -> tuple[float, float]:
        del tools
        rest = list(cast("list[Call]", calls or []))
        right = whole = 0
        for known in cast("list[Call]", wanted):
            accepted = known["accepted"]
            scored = [
                (_right(call["arguments"], accepted), -at, call)
                for at, call in enumerate(rest)
                if call["name"] == known["name"]
            ]
            given: Mapping[str, Any] = {}
            if scored:
                most, _, best = max(scored, key=lambda one: one[:2])
                right, given = right + most, best["arguments"]
                rest.remove(best)
            whole += sum(name in given or not may_be_omitted(accepted[name]) for name in accepted)
            whole += sum(name not in accepted for name in given)
        return float(right), float(whole)


class ToolTypes(_OfCalls):
    """The share of arguments given, of functions that were offered, whose type is as declared."""

    title: ClassVar[str] = "argument types right"
    undefined: ClassVar[str] = "no call gives an argument whose type is declared"

    def _count(self, calls: Any, wanted: Any, tools: Any) -> tuple[float, float]:
        del wanted
        declared = {tool["function"]["name"]: _types(tool["function"]) for tool in tools}
        checked = [
            TYPES[kind](value)
            for call in cast("list[Call]", calls or [])
            for name, value in call["arguments"].items()
            if (kind := declared.get(call["name"], {}).get(name)) is not None
        ]
        return float(sum(checked)), float(len(checked))


def _names(calls: Sequence[Call]) -> Counter[str]:
    return Counter(call["name"] for call in calls)


def _right(arguments: Mapping[str, Any], accepted: Mapping[str, Any]) -> int:
    return sum(
        name in accepted and accepts_value(value, accepted[name])
        for name, value in arguments.items()
    )


def _types(function: Mapping[str, Any]) -> dict[str, str]:
    """Names of parameters with one declared type that JSON has."""
    parameters = cast("Mapping[str, Any]", function.get("parameters") or {})
    known = cast("Mapping[str, Mapping[str, Any]]", parameters.get("properties") or {})
    found = {name: str(about.get("type")) for name, about in known.items()}
    return {name: kind for name, kind in found.items() if kind in TYPES}
