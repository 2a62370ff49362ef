"""What every grader is made of.

A grader looks at one answer and says how good it is; usual is 0 to 1. It runs in a process of its
own (grading.worker), so that one that hangs or dies costs an answer and not the run. A jury looks
at many answers at once and stays in this process: for models and endpoints.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, cast

from pydantic import Field

from tuneful.data.message import Message, ToolCall
from tuneful.recipe.parts import PartConfig

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tuneful.core.store import Store
    from tuneful.data.message import Turns

Reason = Literal["raised", "not-a-number", "timed-out", "crashed", "unreachable", "unreadable"]
"""Why there is no score: the grader raised an error, gave no finite number, took too long, ended
its process, its endpoint did not answer, or what came back held no score."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model said, and what it may be held against.

    Attributes:
        text: The answer, without special tokens.
        reference: What a right answer would be; "" where the row has none.
        prompt: The conversation before it.
        tools: Functions that were offered.
    """

    text: str
    reference: str = ""
    prompt: Turns = ()
    tools: tuple[dict[str, Any], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Answer:
        """Read what `to_json` wrote."""
        turns = tuple(_turn(turn) for turn in value["prompt"])
        return cls(value["text"], value["reference"], turns, tuple(value["tools"]))


@dataclass(frozen=True, slots=True)
class Failed:
    """No score, and why: the answer is left out, and counted."""

    reason: Reason
    message: str = ""


class GraderConfig(PartConfig):
    """Settings that every grader has."""

    weight: float = Field(default=1.0, description="Factor of its score in the reward's sum.")
    label: str = Field(
        default="", description="What reports call it; its name if empty. Needed for two of a kind."
    )
    timeout_s: float = Field(
        default=10.0, gt=0, description="Seconds for one answer, after which it has no score."
    )

    @property
    def title(self) -> str:
        """What reports call it."""
        return self.label or cast("str", self.name)


class Grader(Protocol):
    """Scores one answer."""

    Config: ClassVar[type[GraderConfig]]

    def __init__(self, config: Any) -> None: ...

    def grade(self, answer: Answer) -> float:
        """How good the answer is. What it raises is counted as no score, with reason "raised"."""
        ...


class Jury(Protocol):
    """Scores many answers at once."""

    Config: ClassVar[type[GraderConfig]]

    def __init__(self, config: Any, store: Store) -> None: ...

    def grade_all(self, answers: Sequence[Answer]) -> Sequence[float | Failed]:
        """How good each answer is."""
        ...


def _turn(value: Mapping[str, Any]) -> Message:
    known: dict[str, Any] = {**value}
    known["tool_calls"] = tuple(ToolCall(**call) for call in value["tool_calls"])
    return Message(**known)


def json_of(text: str, *, whole: bool) -> Any:
    """The JSON value of a text, or None where there is none.

    Args:
        text: An answer.
        whole: The text must be JSON and nothing else; otherwise the first object in it will do.
    """
    try:
        return json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError):
        pass
    start = text.find("{")
    if whole or start < 0:
        return None
    try:
        return json.JSONDecoder(parse_constant=_no_number).raw_decode(text, start)[0]
    except (ValueError, RecursionError):
        return None


def _no_number(name: str) -> float:
    """NaN and Infinity, which Python reads and JSON does not have."""
    raise ValueError(name)


def field_of(text: str, field: str) -> str | None:
    """The text itself, or a field of the JSON object in it as text; None where it lacks it."""
    if not field:
        return text
    value = json_of(text, whole=False)
    if not isinstance(value, dict) or field not in value:
        return None
    found = cast("dict[str, Any]", value)[field]
    return found if isinstance(found, str) else json.dumps(found)
