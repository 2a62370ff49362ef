"""Join the first half of a text with the second half of another of the same class.

Source: Luque 2019, arXiv:1909.11241, instance crossover. Texts of different classes are never
        joined: a label that is half of each does not fit rows with one class.
Limits: what a text says as a whole (irony, a turn at its end) is cut in two; look at what it made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from tuneful.data.augmenting.base import Try, TryConfig, text_of, with_text
from tuneful.data.rows import Labelled, Rated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.random import Generator

    from tuneful.data.augmenting.base import Material
    from tuneful.data.rows import Row


class MixConfig(TryConfig):
    """Settings of joining texts."""

    name: Literal["mix"] = Field(default="mix", description="Two halves of one class.")


class Mix:
    """Join halves of two rows that are called the same."""

    Config: ClassVar[type[MixConfig]] = MixConfig
    kinds: ClassVar[tuple[str, ...]] = ("labelled", "rated")
    paper: ClassVar[str] = "Luque 2019, arXiv:1909.11241"
    changes: ClassVar[str] = "whole"

    def __init__(self, config: MixConfig) -> None:
        self.config = config

    def make(self, material: Material, draw: Generator) -> Iterator[Try]:
        """Rows of two halves."""
        groups: dict[object, list[int]] = {}
        for number in range(len(material.rows)):
            groups.setdefault(_called(material.rows[number]), []).append(number)
        total = len(material.rows)
        for _ in range(max(1, round(self.config.share * total))):
            one = int(draw.integers(total))
            same = groups[_called(material.rows[one])]
            other = same[int(draw.integers(len(same)))]
            if one == other:
                yield Try(None, (one,), "no other row of its class was drawn")
                continue
            first, second = material.rows[one], material.rows[other]
            text = f"{_half(text_of(first), 0)} {_half(text_of(second), 1)}".strip()
            yield Try(with_text(first, text), (one, other), "first half and second half")


def _called(row: Row) -> object:
    assert isinstance(row, Labelled | Rated), row
    return row.label if isinstance(row, Labelled) else row.rating


def _half(text: str, which: int) -> str:
    words = text.split()
    middle = (len(words) + 1) // 2
    return " ".join(words[middle:] if which else words[:middle])
