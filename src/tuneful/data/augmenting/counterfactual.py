"""Say the same of other people: terms of gender and of identity change places.

Source: Zhao et al. 2018, arXiv:1804.06876, who swap gendered words so that a model cannot lean on
        them; Dixon et al. 2018 (AIES), on terms of identity. Every such word of a text is swapped
        at once; "her" becomes "his" before a word that it may belong to, else "him". Names stay.
Limits: whether a swap keeps the label is the asker's to know: rows that are about the swapped
        people change. It is refused where a class is called by one of the terms.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from tuneful.core.errors import DataError
from tuneful.data.augmenting.base import (
    EDITABLE,
    TryConfig,
    core,
    edited,
    in_place_of,
    pieces,
    places,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.random import Generator

    from tuneful.data.augmenting.base import Guard, Material, Try

GENDER = (
    "he she, himself herself, man woman, men women, boy girl, boys girls, father mother, "
    "fathers mothers, son daughter, sons daughters, brother sister, brothers sisters, "
    "husband wife, husbands wives, uncle aunt, nephew niece, grandfather grandmother, dad mom, "
    "king queen, prince princess, actor actress, actors actresses, waiter waitress, hero heroine, "
    "gentleman lady, gentlemen ladies, guy gal, guys gals, male female, males females, mr mrs, "
    "sir madam, boyfriend girlfriend, widower widow, groom bride, host hostess, son's daughter's"
)
IDENTITY = (
    "christian muslim, christians muslims, church mosque, churches mosques, bible quran, "
    "jewish hindu, jews hindus, catholic protestant, catholics protestants, african european, "
    "africans europeans, asian american, asians americans, immigrant citizen, immigrants citizens"
)
"""Without words that mean much else beside ("black", "straight", "old"): add such by `pairs`."""
LISTS = {"gender": GENDER, "identity": IDENTITY, "both": f"{GENDER}, {IDENTITY}"}
NOT_OWNED = frozenset({
    "and", "or", "but", "to", "for", "with", "in", "on", "at", "by", "from", "as", "when", "while",
    "because", "that", "who", "which", "is", "was", "were", "are", "a", "an", "the", "so", "if",
    "then", "very", "again", "away", "back", "down", "up", "out", "about", "into", "over", "after",
    "before",
})  # fmt: skip
"""Words that "her" does not belong to when it stands before them."""


class CounterfactualConfig(TryConfig):
    """Settings of swapping terms."""

    name: Literal["counterfactual"] = Field(
        default="counterfactual", description="Terms of gender and identity swapped."
    )
    terms: Literal["gender", "identity", "both"] = Field(
        default="gender", description="Which of the built-in pairs."
    )
    check: Literal["head", "none"] = Field(
        default="none",
        description="As elsewhere; a quick classifier that leans on the terms swapped would leave "
        "out the very rows that mend it.",
    )
    pairs: dict[str, str] = Field(
        default_factory=dict[str, str],
        description="Pairs of your own, {one: other}, swapped both ways beside those built in.",
    )


class Counterfactual:
    """Swap every term of a text for its counterpart."""

    Config: ClassVar[type[CounterfactualConfig]] = CounterfactualConfig
    kinds: ClassVar[tuple[str, ...]] = EDITABLE
    paper: ClassVar[str] = "Zhao et al. 2018, arXiv:1804.06876"
    changes: ClassVar[str] = "people"

    def __init__(self, config: CounterfactualConfig) -> None:
        self.config = config

    @cached_property
    def _other(self) -> dict[str, str]:
        pairs = [pair.split() for pair in LISTS[self.config.terms].split(", ")]
        pairs += [[one.lower(), other.lower()] for one, other in self.config.pairs.items()]
        return {a: b for one, other in pairs for a, b in ((one, other), (other, one))}

    def make(self, material: Material, draw: Generator) -> Iterator[Try]:
        """Rows that say the same of others.

        Raises:
            DataError: A class is called by one of the terms.
        """
        for label in material.labels:
            found = [word for word in label.lower().replace("_", " ").split() if self._has(word)]
            if found:
                raise DataError(
                    f"The class {label!r} is called by {found[0]!r}, which would be swapped: the "
                    "label would no longer be true.",
                    where="data.augment: counterfactual",
                    fix="Leave it out, or choose other terms.",
                )
        return edited(material, self.config.share, draw, self.edit)

    def _has(self, word: str) -> bool:
        return word in self._other or (self.config.terms != "identity" and word in {"her", "his"})

    def edit(self, text: str, guard: Guard, draw: Generator) -> str:
        """The text with every term swapped; none where one of them must stay."""
        del draw
        parts = pieces(text)
        words = places(parts)
        new: dict[int, str] = {}
        for number, at in enumerate(words):
            after = parts[words[number + 1]] if number + 1 < len(words) else ""
            other = self._swapped(parts[at], after)
            if other:
                if core(parts[at]) in guard.kept:
                    return text  # half a swap would say something else
                new[at] = in_place_of(parts[at], other)
        return "".join(new.get(at, part) for at, part in enumerate(parts))

    def _swapped(self, word: str, after: str) -> str:
        """A term's counterpart, or ""."""
        plain = core(word)
        if plain in self._other:
            return self._other[plain]
        if self.config.terms == "identity":
            return ""
        ends = _ends_clause(word)
        owns = bool(after) and not ends and core(after) not in NOT_OWNED
        known = {
            "her": "his" if owns else "him",
            "his": "her" if owns else "hers",
            "him": "her",
            "hers": "his",
        }
        return known.get(plain, "")


def _ends_clause(word: str) -> bool:
    return bool(word) and word[-1] in ".,;:!?)"
