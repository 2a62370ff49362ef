"""Put words in the place of others that are used like them.

Source: Wang & Yang 2015 (EMNLP, D15-1306): neighbours of word embeddings; here of the recipe's own
        model's input embeddings. Such neighbours are used alike, which is not to say that they mean
        the same: "good" and "bad" are near. So no word that leans to the row's class is replaced,
        and none is put in that leans to another; only rows with one class are taken.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from tuneful.data.augmenting.base import (
    TryConfig,
    core,
    edited,
    in_place_of,
    is_negation,
    pieces,
    places,
    some_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.random import Generator

    from tuneful.data.augmenting.base import Guard, Material, Try


FUNCTION_WORDS = frozenset({
    "the", "and", "but", "for", "nor", "yet", "with", "without", "from", "into", "onto", "upon",
    "about", "above", "below", "after", "before", "between", "through", "during", "against",
    "under", "over", "off", "out", "down", "this", "that", "these", "those", "you", "your",
    "yours", "him", "his", "her", "hers", "she", "its", "our", "ours", "they", "them", "their",
    "who", "whom", "whose", "which", "what", "when", "where", "why", "how", "was", "were", "are",
    "been", "being", "has", "have", "had", "does", "did", "can", "could", "may", "might", "must",
    "shall", "should", "will", "would", "than", "then", "there", "here", "also", "just", "only",
    "though", "although", "because", "while", "until", "unless", "since", "each", "every", "all",
    "any", "some", "both", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine",
    "ten",
})  # fmt: skip
"""Words that hold a sentence together: their neighbours are used alike and fit nowhere."""


class SynonymsConfig(TryConfig):
    """Settings of replacing words."""

    name: Literal["synonyms"] = Field(default="synonyms", description="Words used alike.")
    rate: float = Field(
        default=0.1, gt=0, le=0.5, description="Share of the words; EDA's own choice is 0.1."
    )


class Synonyms:
    """Replace words by near ones of the model's embeddings."""

    Config: ClassVar[type[SynonymsConfig]] = SynonymsConfig
    kinds: ClassVar[tuple[str, ...]] = ("labelled", "pair")
    paper: ClassVar[str] = "Wang & Yang 2015, EMNLP D15-1306"
    changes: ClassVar[str] = "words"

    def __init__(self, config: SynonymsConfig) -> None:
        self.config = config

    def make(self, material: Material, draw: Generator) -> Iterator[Try]:
        """Rows with other words."""
        near = material.neighbours()

        def edit(text: str, guard: Guard, draw: Generator) -> str:
            return self.edit(text, guard, draw, near)

        return edited(material, self.config.share, draw, edit)

    def edit(
        self, text: str, guard: Guard, draw: Generator, near: Mapping[str, Sequence[str]]
    ) -> str:
        """The text with some words replaced by neighbours."""
        parts = pieces(text)
        options = {
            at: fitting
            for at in places(parts)
            if not guard.holds(parts[at])
            and core(parts[at]) not in FUNCTION_WORDS
            and (fitting := _fitting(near.get(core(parts[at]), ()), guard))
        }
        for at in some_of(list(options), self.config.rate, draw):
            other = options[at][int(draw.integers(len(options[at])))]
            parts[at] = in_place_of(parts[at], other)
        return "".join(parts)


def _fitting(words: Sequence[str], guard: Guard) -> list[str]:
    return [
        word
        for word in words
        if not guard.foreign(word) and not is_negation(word) and word not in FUNCTION_WORDS
    ]
