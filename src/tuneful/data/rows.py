"""The shapes that training rows come in.

Each type says in `columns` how its fields lie on disk (data.arrow): a new type is a class here and
its name in ROWS. `weight` says how much a row counts in the loss: 1 where nobody said.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tuneful.data.message import Turns

Column = Literal["text", "texts", "number", "numbers", "flag", "turns", "json"]
"""How a field lies on disk; json: objects as JSON text."""
WEIGHT = "weight"


@dataclass(frozen=True, slots=True)
class Text:
    """Plain text, to go on with pre-training."""

    text: str
    weight: float = 1.0

    columns: ClassVar[Mapping[str, Column]] = {"text": "text", "weight": "number"}


@dataclass(frozen=True, slots=True)
class Labelled:
    """A text and the one class it belongs to."""

    text: str
    label: str
    weight: float = 1.0

    columns: ClassVar[Mapping[str, Column]] = {
        "text": "text",
        "label": "text",
        "weight": "number",
    }


@dataclass(frozen=True, slots=True)
class Pair:
    """Two texts and the class of how they stand to each other."""

    text: str
    second: str
    label: str
    weight: float = 1.0

    columns: ClassVar[Mapping[str, Column]] = {
        "text": "text",
        "second": "text",
        "label": "text",
        "weight": "number",
    }


@dataclass(frozen=True, slots=True)
class MultiLabelled:
    """A text and all the classes it belongs to, perhaps none."""

    text: str
    labels: tuple[str, ...]
    weight: float = 1.0

    columns: ClassVar[Mapping[str, Column]] = {
        "text": "text",
        "labels": "texts",
        "weight": "number",
    }


@dataclass(frozen=True, slots=True)
class Rated:
    """A text and a number that says how much of something it has: stars, a score."""

    text: str
    rating: float
    weight: float = 1.0

    columns: ClassVar[Mapping[str, Column]] = {
        "text": "text",
        "rating": "number",
        "weight": "number",
    }


@dataclass(frozen=True, slots=True)
class Tagged:
    """Words and the tag of each, such as B-PER, I-PER and O."""

    words: tuple[str, ...]
    tags: tuple[str, ...]
    weight: float = 1.0

    columns: ClassVar[Mapping[str, Column]] = {
        "words": "texts",
        "tags": "texts",
        "weight": "number",
    }


@dataclass(frozen=True, slots=True)
class Chat:
    """A conversation to imitate. Only the assistant's turns are learned.

    Attributes:
        tools: Functions that the assistant may call, in OpenAI's form.
        reference: What an answer is judged by where the last turn does not say it all: calls that
            count as right (data.accepted), a JSON schema; else "".
    """

    messages: Turns
    tools: tuple[dict[str, Any], ...] = ()
    reference: str = ""
    weight: float = 1.0

    columns: ClassVar[Mapping[str, Column]] = {
        "messages": "turns",
        "tools": "json",
        "reference": "text",
        "weight": "number",
    }

    @property
    def prompt(self) -> Turns:
        """Every turn before the last assistant's: what the model is given when it is tested."""
        last = max(i for i, m in enumerate(self.messages) if m.role == "assistant")
        return self.messages[:last]

    @property
    def answer(self) -> str:
        """What the model should say last: the words, or the calls as JSON where it calls tools."""
        turn = next(m for m in reversed(self.messages) if m.role == "assistant")
        if not turn.tool_calls:
            return turn.content
        calls = [
            {"name": c.name, "arguments": cast("object", json.loads(c.arguments))}
            for c in turn.tool_calls
        ]
        return json.dumps(calls, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Preference:
    """A conversation with two ways to go on, of which people prefer the first.

    Attributes:
        margin: How much better the chosen one is; 0 where nobody said.
    """

    prompt: Turns
    chosen: Turns
    rejected: Turns
    margin: float = 0.0

    columns: ClassVar[Mapping[str, Column]] = {
        "prompt": "turns",
        "chosen": "turns",
        "rejected": "turns",
        "margin": "number",
    }


@dataclass(frozen=True, slots=True)
class Judged:
    """A conversation with one way to go on, and whether it is wanted."""

    prompt: Turns
    answer: Turns
    is_good: bool

    columns: ClassVar[Mapping[str, Column]] = {
        "prompt": "turns",
        "answer": "turns",
        "is_good": "flag",
    }


@dataclass(frozen=True, slots=True)
class Ranked:
    """A conversation with several answers, ranked by people.

    Attributes:
        ranks: Of each answer, 1 is best; equal ranks are ties.
    """

    prompt: Turns
    answers: tuple[str, ...]
    ranks: tuple[float, ...]

    columns: ClassVar[Mapping[str, Column]] = {
        "prompt": "turns",
        "answers": "texts",
        "ranks": "numbers",
    }


@dataclass(frozen=True, slots=True)
class Prompt:
    """A conversation that the model is to go on with by itself, and what graders may look at.

    Attributes:
        reference: What a right answer would be; "" where graders need none.
    """

    prompt: Turns
    reference: str = ""
    tools: tuple[dict[str, Any], ...] = ()

    columns: ClassVar[Mapping[str, Column]] = {
        "prompt": "turns",
        "reference": "text",
        "tools": "json",
    }


Row = (
    Text
    | Labelled
    | Pair
    | MultiLabelled
    | Rated
    | Tagged
    | Chat
    | Preference
    | Judged
    | Ranked
    | Prompt
)
ROWS: dict[str, type[Row]] = {
    "text": Text,
    "labelled": Labelled,
    "pair": Pair,
    "multi_labelled": MultiLabelled,
    "rated": Rated,
    "tagged": Tagged,
    "chat": Chat,
    "preference": Preference,
    "judged": Judged,
    "ranked": Ranked,
    "prompt": Prompt,
}
"""The name of each kind of row, as it stands in a dataset's manifest."""


def kinds_of(method: Any) -> tuple[str, ...]:
    """The names of the kinds of row that a method learns from, its usual one first."""
    return tuple(kind_of(kind) for kind in (method.rows, *getattr(method, "also_rows", ())))


def kind_of(row: Row | type[Row]) -> str:
    """The name of a row's kind."""
    type_ = row if isinstance(row, type) else type(row)
    return next(name for name, known in ROWS.items() if known is type_)


def classes_of(row: Row) -> tuple[str, ...]:
    """Names that a model must know to learn from the row: its class, classes or tags."""
    if isinstance(row, Labelled | Pair):
        return (row.label,)
    if isinstance(row, MultiLabelled):
        return row.labels
    return tuple(dict.fromkeys(row.tags)) if isinstance(row, Tagged) else ()


def texts_of(row: Row) -> Iterator[str]:
    """Every text in a row."""
    for name, column in row.columns.items():
        value = getattr(row, name)
        if column == "text":
            yield value
        elif column == "texts":
            yield from value
        elif column == "turns":
            for turn in cast("Turns", value):
                yield from turn.texts()


def to_json(row: Row) -> dict[str, Any]:
    """A row in the field's usual form: turns are {"role", "content"}."""
    values: dict[str, Any] = {}
    for name, column in row.columns.items():
        value = getattr(row, name)
        if column == "turns":
            values[name] = [turn.to_json() for turn in cast("Turns", value)]
        elif (column != "json" or value) and (name, value) != (WEIGHT, 1.0):
            values[name] = (
                list(cast("tuple[object, ...]", value)) if isinstance(value, tuple) else value
            )
    return values
