"""Words that say which people a text is about, by axis and group, and how they change places.

Source: Zhao et al. 2018, arXiv:1804.06876 (gender); Dixon et al. 2018 (AIES), terms of identity;
        Bertrand & Mullainathan 2004, first names. The lists stand in terms.yaml.
Limits: English, and words alone: a text may be about people whom it calls otherwise.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

from pydantic import Field, RootModel, model_validator

from tuneful.auditing.written import read_written
from tuneful.data.augmenting.base import Guard, core, in_place_of, pieces, places, words_of
from tuneful.data.augmenting.counterfactual import GENDER, Counterfactual, CounterfactualConfig
from tuneful.recipe.closed import Closed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.random import Generator

BUILT_IN = Path(__file__).parent / "terms.yaml"
HOW = "See docs/guides/audit.md: an axis has sentences with {term}, and two groups or more."
OWNERS = {"male": ("his", "him"), "female": ("her", "hers")}
"""Words of gender that Counterfactual knows beside its pairs."""


class GroupForm(Closed):
    """A group of people."""

    words: list[str] = Field(
        default_factory=list[str], description="Words of a text, swapped with the other groups'."
    )
    inserted: list[str] = Field(
        default_factory=list[str], description="What takes the place of {term} in a sentence."
    )


class AxisForm(Closed):
    """An axis along which people are told apart."""

    cased: bool = Field(default=False, description="Whether capitals matter, as in names.")
    sentences: list[str] = Field(
        default_factory=list[str], description="Put before a text, with {term} filled in."
    )
    groups: dict[str, GroupForm] = Field(description="At least two.")

    @model_validator(mode="after")
    def _counterparts(self) -> Self:
        if len(self.groups) < 2:
            raise ValueError("an axis needs two groups or more")
        for name in ("words", "inserted"):
            sizes = {len(getattr(group, name)) for group in self.groups.values()}
            if len(sizes) > 1:
                raise ValueError(f"the groups' {name} differ in number: each needs a counterpart")
        if any("{term}" not in sentence for sentence in self.sentences):
            raise ValueError("a sentence lacks {term}")
        return self


class TermsForm(RootModel[dict[str, AxisForm]]):
    """Axes by name."""


@dataclass(frozen=True)
class Axis:
    """Groups of people that a text may be about.

    Attributes:
        words: Of each group; those at the same place are counterparts.
        inserted: Of each group, the same for sentences.
    """

    name: str
    words: Mapping[str, tuple[str, ...]]
    inserted: Mapping[str, tuple[str, ...]]
    sentences: tuple[str, ...]
    is_cased: bool = False

    @property
    def groups(self) -> tuple[str, ...]:
        """Names of the groups."""
        return tuple(self.words)

    @cached_property
    def _places(self) -> dict[str, tuple[str, int]]:
        """Group and place of each word; -1 for words whose counterpart hangs on the sentence."""
        found = {
            word: (group, at) for group, own in self.words.items() for at, word in enumerate(own)
        }
        if self.is_gender:
            found |= {word: (group, -1) for group, own in OWNERS.items() for word in own}
        return found

    @property
    def is_gender(self) -> bool:
        """Whether its words are those that `data.augment: counterfactual` swaps."""
        return self.name == "gender" and set(self.words) == set(OWNERS)

    def _plain(self, word: str) -> str:
        bare = core(word)
        if not self.is_cased:
            return bare
        found = re.search(re.escape(bare), word, re.IGNORECASE) if bare else None
        return found.group() if found else ""

    def mentioned(self, text: str) -> list[str]:
        """Groups whose words stand in a text, in the axis' order."""
        found = {
            self._places[plain][0]
            for word in words_of(text)
            if (plain := self._plain(word)) in self._places
        }
        return [group for group in self.words if group in found]

    def swapped(self, text: str, group: str, other: str, draw: Generator) -> str:
        """The text with one group's words in the other's place, and the other way round."""
        if self.is_gender:
            swap = Counterfactual(CounterfactualConfig())
            return swap.edit(text, Guard(), draw)
        parts, to = pieces(text), {group: other, other: group}
        for at in places(parts):
            own, place = self._places.get(self._plain(parts[at]), ("", -1))
            if own in to:
                parts[at] = in_place_of(parts[at], self.words[to[own]][place])
        return "".join(parts)

    def sentence(self, group: str, number: int) -> str:
        """A sentence about someone of a group; the same one for every group at a number."""
        terms = self.inserted[group]
        sentence = self.sentences[number % len(self.sentences)]
        # Every sentence meets every term, though there may be as many of both.
        term = terms[(number // len(self.sentences)) % len(terms)]
        return sentence.replace("{term}", term)

    @property
    def num_terms(self) -> int:
        """Words and inserted terms of all groups."""
        inserted = sum(len(terms) for terms in self.inserted.values())
        return len(self._places) + inserted


def axes(path: str | None = None) -> list[Axis]:
    """The built-in axes, and those of a file; one of the same name takes the built-in's place.

    Raises:
        RecipeError: The file cannot be read or is no list of terms.
    """
    forms = read_written(TermsForm, BUILT_IN, "terms", HOW).root
    if path is not None:
        forms = forms | read_written(TermsForm, Path(path), "audit.terms", HOW).root
    return list(_axes(forms))


def _axes(forms: Mapping[str, AxisForm]) -> Iterator[Axis]:
    for name, form in forms.items():
        words = {group: _fold(own.words, form) for group, own in form.groups.items()}
        if name == "gender" and set(words) == set(OWNERS) and not any(words.values()):
            pairs = [pair.split() for pair in GENDER.split(", ")]
            words = {"male": tuple(p[0] for p in pairs), "female": tuple(p[1] for p in pairs)}
        inserted = {group: tuple(own.inserted) for group, own in form.groups.items()}
        yield Axis(name, words, inserted, tuple(form.sentences), form.cased)


def _fold(words: Sequence[str], form: AxisForm) -> tuple[str, ...]:
    return tuple(words if form.cased else map(str.lower, words))
