"""Words that lean to a class: what a text's label may hang on, seen from the training rows alone.

A word leans to a class where its share of that class's texts is at least twice its share of the
others', both smoothed by one text, and where it stands in three texts or more. It is a coarse test
that holds too much rather than too little: rare names lean as well as "wonderful" does.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tuneful.data.augmenting.base import Guard, core, text_of, words_of
from tuneful.data.rows import Chat, Labelled, Pair

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tuneful.data.rows import Row

FACTOR = 2.0
FEWEST_TEXTS = 3


@dataclass(frozen=True)
class Leaning:
    """In how many texts of each class a word stands.

    Attributes:
        texts: Of each class.
        words: For each class, texts by word.
    """

    texts: Counter[str] = field(default_factory=Counter[str])
    words: dict[str, Counter[str]] = field(default_factory=dict[str, Counter[str]])

    @classmethod
    def of(cls, rows: Iterable[Row]) -> Leaning:
        """Count the words of rows with one class each; others are passed over."""
        found = cls()
        for row in rows:
            if isinstance(row, Labelled | Pair):
                found.texts[row.label] += 1
                own = found.words.setdefault(row.label, Counter())
                own.update({core(word) for word in words_of(row.text)})
        return found

    def to(self, word: str) -> str:
        """The class that a word leans to, or ""."""
        total = sum(counts[word] for counts in self.words.values())
        if total < FEWEST_TEXTS:
            return ""
        every = self.texts.total()
        for label, counts in self.words.items():
            own, others = self.texts[label], every - self.texts[label]
            share = (counts[word] + 1) / (own + 2)
            if share >= FACTOR * (total - counts[word] + 1) / (others + 2):
                return label
        return ""

    def guard(self, row: Row) -> Guard:
        """What must stay of a row: words that lean to its class, or that its answer says again."""
        if isinstance(row, Chat):
            return Guard(frozenset(core(word) for word in words_of(row.answer)))
        if not isinstance(row, Labelled | Pair):
            return Guard()
        label = row.label
        plain = {core(word) for word in words_of(text_of(row))}
        kept = frozenset(word for word in plain if self.to(word) == label)
        return Guard(kept, lambda word: self.to(word) not in {"", label})

    def vocabulary(self) -> Counter[str]:
        """In how many texts each word stands."""
        found: Counter[str] = Counter()
        for counts in self.words.values():
            found.update(counts)
        return found
