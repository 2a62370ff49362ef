"""Rows in a model's words: which rows are asked for, how a reply is read, and what is no version.

Texts are asked for some at a time, so that what is checked and written stands on disk soon.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, Self, cast

from pydantic import Field, model_validator

from tuneful.data.augmenting.base import UNCHANGED, AugmentConfig, Try, text_of, with_text
from tuneful.data.message import Message
from tuneful.recipe.data import Remote

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.random import Generator

    from tuneful.data.augmenting.base import Material
    from tuneful.data.message import Turns
    from tuneful.data.rows import Row

ROWS_AT_ONCE = 64
OTHER_SHAPE, OTHER_LENGTH = "other shape", "other length"
MOST_TIMES = 3
"""A version has at most as many times the words of its text, and at least that part of them …"""
SPARE_WORDS = 5
"""… give or take these: "Great!" may become "It was really great."."""
FENCED = re.compile(r"\A\s*```(?:json)?\s*\n(.*?)\n?\s*```\s*\Z", re.DOTALL | re.IGNORECASE)
REPLY = {
    "json": 'Reply with JSON alone: {"text": "..."}',
    "text": "Reply with the new text alone.",
}


class TaughtConfig(AugmentConfig):
    """Settings of one that lets a model write."""

    model: str = Field(
        description="Who writes: as in `model`, or with an endpoint what that calls it."
    )
    endpoint: Remote | None = Field(
        default=None, description="Where it is asked; left out, it runs on this machine."
    )
    share: float = Field(
        default=0.2,
        gt=0,
        le=1,
        description="Rows that are rewritten, as a share of the training rows.",
    )
    samples: int = Field(
        default=1, ge=1, description="Versions asked for of each; above 1 they are drawn."
    )
    temperature: float = Field(
        default=0.0,
        ge=0,
        description="What its scores are divided by when it draws; 0 takes the likeliest token.",
    )
    max_new_tokens: int = Field(
        default=512, ge=1, description="Longest reply; one without an end makes no row."
    )
    shape: Literal["json", "text"] = Field(
        default="json",
        description='How it replies. json: {"text": …}, so that remarks and refusals are seen and '
        "left out; text: with the new text alone, for small models that write no JSON.",
    )
    check: Literal["head", "judge", "none"] = Field(
        default="head",
        description="Who checks that a row is still what it is called. head: a quick classifier of "
        "the rows that it was not made of, for rows with one class; judge: the same model is "
        "asked, once for each row made; it may be wrong both times.",
    )

    @model_validator(mode="after")
    def _drawn(self) -> Self:
        if self.samples > 1 and not self.temperature:
            raise ValueError("samples above 1 are all alike at temperature 0; raise temperature")
        return self


class Said(Protocol):
    """What a model replied."""

    @property
    def text(self) -> str:
        """Its words."""
        ...

    @property
    def why(self) -> str:
        """Why there are none to be kept, or ""."""
        ...

    @property
    def detail(self) -> str:
        """More of why, for a person."""
        ...


@dataclass(frozen=True)
class Question:
    """What a model is asked of several texts.

    Attributes:
        step: What is done, in a word or two.
        prompts: One for each text.
        max_new_tokens: Longest reply.
        temperature: As in its settings.
        samples: Replies to each.
        progress: Texts that are then done, and all there are; (0, 0) where nobody counts.
    """

    step: str
    prompts: Sequence[Turns]
    max_new_tokens: int
    temperature: float = 0.0
    samples: int = 1
    progress: tuple[int, int] = (0, 0)


Ask = Callable[[TaughtConfig, Question], Sequence[Sequence[Said]]]
"""Asks the model of some settings; every reply is kept, so that it is not asked for twice."""


@dataclass(frozen=True, slots=True)
class Version:
    """A text in other words, or why there is none.

    Attributes:
        text: "" where there is none.
        why: "" where there is one.
        detail: What was said instead.
        through: What it became on the way.
    """

    text: str
    why: str = ""
    detail: str = ""
    through: str = ""


def asked_for(what: str, text: str, shape: str) -> Turns:
    """The question: what is to be done, how to reply, and the text."""
    return (Message("user", f"{what} {REPLY[shape]}\n\nText:\n{text}"),)


def version_of(said: Said, shape: str) -> Version:
    """What a reply holds."""
    if said.why:
        return Version("", said.why, said.detail)
    if shape == "text":
        return Version(said.text.strip())
    fenced = FENCED.match(said.text)
    try:
        found: Any = json.loads(fenced.group(1) if fenced else said.text)
    except (ValueError, RecursionError):
        found = None
    known = cast("dict[str, Any]", found) if isinstance(found, dict) else {}
    text: Any = known.get("text")
    if not isinstance(text, str) or not text.strip() or len(known) > 1:
        return Version("", OTHER_SHAPE, said.text[:200])
    return Version(text.strip())


def rewritten(
    material: Material,
    config: TaughtConfig,
    steps: Sequence[str],
    draw: Generator,
    versions: Callable[[list[str], tuple[int, int]], list[list[Version]]],
) -> Iterator[Try]:
    """Rows in other words, from rows in random order.

    Args:
        material: What they are made of.
        config: Who writes, and how many.
        steps: What is done with a text, in order.
        draw: Chooses the rows.
        versions: Of texts, and how many of all are then done, each one's versions.
    """
    total = len(material.rows)
    order = draw.permutation(total)[: max(1, round(config.share * total))].tolist()
    facts = {"teacher": config.model, "steps": list(steps)}
    for start in range(0, len(order), ROWS_AT_ONCE):
        numbers = order[start : start + ROWS_AT_ONCE]
        rows = [material.rows[number] for number in numbers]
        texts = {n: text for n, row in zip(numbers, rows, strict=True) if (text := text_of(row))}
        said = versions(list(texts.values()), (start + len(numbers), len(order)))
        found = dict(zip(texts, said, strict=True))
        for number, row in zip(numbers, rows, strict=True):
            for one in found.get(number, [Version("", UNCHANGED)]):
                yield _tried(row, number, one, facts)


def _tried(row: Row, number: int, one: Version, facts: Mapping[str, Any]) -> Try:
    more = {**facts, "through": one.through} if one.through else facts
    if not one.why and not _fits(text_of(row), one.text):
        return Try(None, (number,), OTHER_LENGTH, {**more, "said": one.text[:200]})
    if one.why:
        return Try(None, (number,), one.why, {**more, "said": one.detail})
    return Try(with_text(row, one.text), (number,), "in other words", more)


def _fits(text: str, made: str) -> bool:
    """Whether a version is about as long as its text."""
    before, after = len(text.split()), len(made.split())
    least, most = before / MOST_TIMES - SPARE_WORDS, before * MOST_TIMES + SPARE_WORDS
    return least <= after <= most
