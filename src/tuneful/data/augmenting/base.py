"""What every way to make rows is made of: rows that stay what they are called; counted tries."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol

from pydantic import Field

from tuneful.data.rows import Chat, Labelled, MultiLabelled, Pair, Rated, Row
from tuneful.recipe.parts import PartConfig

if TYPE_CHECKING:
    from numpy.random import Generator

    from tuneful.data.rewriting import Ask, Question, Said, TaughtConfig

NEGATIONS = frozenset({
    "not", "no", "never", "none", "nobody", "nothing", "nowhere", "neither", "nor", "without",
    "cannot", "hardly", "barely", "scarcely", "few", "little", "less", "least", "isnt", "arent",
    "wasnt", "werent", "dont", "doesnt", "didnt", "wont", "wouldnt", "cant", "couldnt", "shouldnt",
    "aint",
})  # fmt: skip
"""Words that turn a sentence round; and every word that ends in n't."""
EDITABLE = ("labelled", "pair", "multi_labelled", "rated", "chat")
"""Kinds of rows that have a text whose wording is not what is learned."""
UNCHANGED = "nothing that may change"
"""Why a try came to nothing: no fitting word, or only such as the label may hang on."""


class AugmentConfig(PartConfig):
    """Settings of an augmenter."""


class TryConfig(AugmentConfig):
    """Settings of one that tries as many rows as it is told."""

    share: float = Field(
        default=0.2,
        gt=0,
        le=10,
        description="Tries, as a share of the training rows: at 1 every row is tried once.",
    )
    check: Literal["head", "none"] = Field(
        default="head",
        description="Who checks that a row with one class is still what it is called. head: a "
        "quick classifier of the rows that it was not made of; rows in which it finds another "
        "class are left out.",
    )


@dataclass(frozen=True)
class Try:
    """A row that was made, or why none was.

    Attributes:
        row: None where there is none.
        parents: Numbers of the training rows that it is made of.
        note: What was done; or why nothing was.
        facts: More for the list of made rows: who wrote it, by which steps, what else it said.
    """

    row: Row | None
    parents: tuple[int, ...]
    note: str
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True)
class Guard:
    """Which words of a row's text must stay, so that its label does.

    Attributes:
        kept: Words whose loss may change the label, in small letters without marks.
        foreign: Whether a word leans to another class than the row's.
    """

    kept: frozenset[str] = frozenset()
    foreign: Callable[[str], bool] = field(default=lambda _: False)

    def holds(self, word: str) -> bool:
        """Whether a word must stay as it is and where it is."""
        plain = core(word)
        return is_negation(word) or plain in self.kept


class Rows(Protocol):
    """Training rows by their number."""

    def __len__(self) -> int: ...

    def __getitem__(self, number: int, /) -> Row: ...


@dataclass(frozen=True)
class Material:
    """What rows are made of.

    Attributes:
        rows: The training rows.
        guard: What must stay of a row.
        labels: The classes; none for rows without.
        label_counts: Training rows of each class.
        neighbours: From a word in small letters to words that are used like it, the nearest first.
        ask: Asks a model that writes.
    """

    rows: Rows
    guard: Callable[[Row], Guard]
    labels: Sequence[str] = ()
    label_counts: Mapping[str, int] = field(default_factory=dict[str, int])
    neighbours: Callable[[], Mapping[str, Sequence[str]]] = dict
    ask: Ask | None = None

    def replies(self, config: TaughtConfig, question: Question) -> Sequence[Sequence[Said]]:
        """What the model of some settings says to each text."""
        assert self.ask is not None, f"nobody was given to ask for {config.name}"
        return self.ask(config, question)


class Augmenter(Protocol):
    """A way to make rows. Stateless after construction."""

    Config: ClassVar[type[AugmentConfig]]
    kinds: ClassVar[tuple[str, ...]]
    """Kinds of rows that it makes more of (names of data.rows.ROWS)."""
    paper: ClassVar[str]
    """Where it was published: authors, year, arXiv number."""
    changes: ClassVar[str]
    """What of a text: nothing, letters, order, words, people, wording, or the whole."""

    def __init__(self, config: Any) -> None: ...

    def make(self, material: Material, draw: Generator) -> Iterator[Try]:
        """Rows made, and tries that came to nothing."""
        ...


Edit = Callable[[str, Guard, "Generator"], str]
"""A text in other words; the same text where there is nothing to change."""


def edited(material: Material, share: float, draw: Generator, edit: Edit) -> Iterator[Try]:
    """Try an edit on rows in random order, each once before any is tried again."""
    total = len(material.rows)
    wanted = max(1, round(share * total))
    order: list[int] = []
    while len(order) < wanted:
        order += draw.permutation(total).tolist()
    for number in order[:wanted]:
        row = material.rows[number]
        guard = material.guard(row)
        text = text_of(row)
        made = edit(text, guard, draw)
        if made != text and made.strip():
            yield Try(with_text(row, made), (number,), changed(text, made))
        else:
            yield Try(None, (number,), UNCHANGED)


def text_of(row: Row) -> str:
    """The text that is edited: of a pair the first, of a conversation the last user's turn."""
    if isinstance(row, Labelled | Pair | MultiLabelled | Rated):
        return row.text
    assert isinstance(row, Chat), row
    return next((t.content for t in reversed(row.prompt) if t.role == "user"), "")


def with_text(row: Row, text: str) -> Row:
    """The row with another text in its place; label, weight and answer stay."""
    if isinstance(row, Labelled | Pair | MultiLabelled | Rated):
        return replace(row, text=text)
    assert isinstance(row, Chat), row
    last = max(at for at, turn in enumerate(row.prompt) if turn.role == "user")
    turns = list(row.messages)
    turns[last] = replace(turns[last], content=text)
    return replace(row, messages=tuple(turns))


def pieces(text: str) -> list[str]:
    """Words and the space between them, so that joining gives the text again."""
    return re.findall(r"\s+|\S+", text)


def places(parts: Sequence[str]) -> list[int]:
    """Which of the pieces are words with a letter or digit in them."""
    return [at for at, part in enumerate(parts) if core(part)]


def words_of(text: str) -> list[str]:
    """The words of a text, with their marks."""
    parts = pieces(text)
    return [parts[at] for at in places(parts)]


@lru_cache(maxsize=1 << 16)  # texts say the same words again and again
def core(word: str) -> str:
    """A word in small letters, without the marks around it: "" for marks alone."""
    return re.sub(r"^[\W_]+|[\W_]+$", "", word).lower()


def in_place_of(word: str, other: str) -> str:
    """Another word with the marks and the capitals of the one whose place it takes."""
    bare = re.sub(r"^[\W_]+|[\W_]+$", "", word)
    begin = word.index(bare) if bare else 0
    if bare.isupper() and len(bare) > 1:
        other = other.upper()
    elif bare[:1].isupper():
        other = other[:1].upper() + other[1:]
    return word[:begin] + other + word[begin + len(bare) :]


def is_negation(word: str) -> bool:
    """Whether a word turns a sentence round.

    >>> is_negation("Isn't,"), is_negation("nothing"), is_negation("note")
    (True, True, False)
    """
    plain = core(word).replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    return plain in NEGATIONS or plain.endswith("n't")


def changed(before: str, after: str) -> str:
    """What an edit did, in words: the first places at which the texts differ."""
    old, new = words_of(before), words_of(after)
    if len(old) != len(new):
        return f"{len(old)} words became {len(new)}"
    apart = [f"{a} > {b}" for a, b in zip(old, new, strict=True) if a != b]
    return ", ".join(apart[:3]) + (f" and {len(apart) - 3} more" if len(apart) > 3 else "")


def some_of(places_: Sequence[int], rate: float, draw: Generator) -> list[int]:
    """A share of places, at least one where there is any, in order."""
    if not places_:
        return []
    count = max(1, round(rate * len(places_)))
    chosen = draw.permutation(len(places_))[:count].tolist()
    return [places_[number] for number in sorted(chosen)]
