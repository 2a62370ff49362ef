"""Misspell words as fingers do: a neighbouring key, a letter left out, doubled or swapped.

Source: Pruthi et al. 2019, arXiv:1905.11268, whose kinds of typing errors these are; the keyboard
        is QWERTY. A word keeps its first and last letter, by which people read it. Negations and
        words of fewer than four letters are left alone: "not" is one key away from "now".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from tuneful.data.augmenting.base import (
    EDITABLE,
    TryConfig,
    core,
    edited,
    is_negation,
    pieces,
    places,
    some_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.random import Generator

    from tuneful.data.augmenting.base import Guard, Material, Try

ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
KEYS = {
    letter: "".join(
        ROWS[y][x]
        for y in range(max(0, row - 1), min(3, row + 2))
        for x in range(max(0, at - 1), min(len(ROWS[y]), at + 2))
        if (y, x) != (row, at)
    )
    for row, letters in enumerate(ROWS)
    for at, letter in enumerate(letters)
}
"""The keys around each key."""
SHORTEST = 4


class TyposConfig(TryConfig):
    """Settings of misspelling."""

    name: Literal["typos"] = Field(default="typos", description="Words misspelt as fingers do.")
    rate: float = Field(
        default=0.1, gt=0, le=1, description="Share of the words; one letter of each is wrong."
    )


class Typos:
    """Make typing errors, so that those of users do not surprise the model."""

    Config: ClassVar[type[TyposConfig]] = TyposConfig
    kinds: ClassVar[tuple[str, ...]] = EDITABLE
    paper: ClassVar[str] = "Pruthi et al. 2019, arXiv:1905.11268"
    changes: ClassVar[str] = "letters"

    def __init__(self, config: TyposConfig) -> None:
        self.config = config

    def make(self, material: Material, draw: Generator) -> Iterator[Try]:
        """Rows with misspelt words."""
        return edited(material, self.config.share, draw, self.edit)

    def edit(self, text: str, guard: Guard, draw: Generator) -> str:
        """The text with some words misspelt."""
        parts = pieces(text)
        del guard  # a word with one letter wrong is still that word to a person
        free = [at for at in places(parts) if _may_err(parts[at])]
        for at in some_of(free, self.config.rate, draw):
            parts[at] = misspelt(parts[at], draw)
        return "".join(parts)


def _may_err(word: str) -> bool:
    plain = core(word)
    return len(plain) >= SHORTEST and plain.isalpha() and plain.isascii() and not is_negation(word)


def misspelt(word: str, draw: Generator) -> str:
    """A word with one inner letter wrong; always another word than before."""
    found = re.search(r"[A-Za-z]+", word)
    assert found is not None, word
    begin, end = found.span()
    at = int(draw.integers(begin + 1, end - 1))
    letter = word[at]
    kind = int(draw.integers(4))
    if kind == 0:
        near = KEYS[letter.lower()]
        key = near[int(draw.integers(len(near)))]
        return word[:at] + (key.upper() if letter.isupper() else key) + word[at + 1 :]
    if kind == 1 and word[at] != word[at + 1] and at + 2 < end:
        return word[:at] + word[at + 1] + letter + word[at + 2 :]
    if kind == 2:
        return word[:at] + letter + word[at:]
    return word[:at] + word[at + 1 :]
