"""Replace words by near ones until a classifier errs: greedily, and with so many questions at most.

Source: Jin et al. 2020 (arXiv:1907.11932, TextFooler): words whose loss hurts most are replaced
        first. Near words are neighbours in the base's own input embeddings; negations, function
        words and words that lean to another class in the training rows are never put in. No
        sentence encoder checks the meaning: a person should read the examples.
Cost: half of the questions find the words that matter, the rest replace them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from tuneful.data.augmenting.base import (
    changed,
    core,
    in_place_of,
    is_negation,
    pieces,
    places,
    text_of,
    with_text,
)
from tuneful.data.augmenting.synonyms import FUNCTION_WORDS
from tuneful.data.faults.leaning import Leaning
from tuneful.models.neighbours import word_neighbours
from tuneful.models.references import locate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tuneful.auditing.audits.base import Subject
    from tuneful.data.rows import Row

TRAIN_ROWS = 2000
"""Of which it is learned what words lean to."""
FEWEST_TEXTS = 3
MOST_OPTIONS = 4
MOST_CHANGED = 0.2
"""Share of a text's words."""


@dataclass
class Attacked:
    """A row under attack.

    Attributes:
        options: What may stand at each place.
        order: Places, those that matter most first.
        sure: Probability of the true class.
        queries: Questions asked so far.
    """

    row: Row
    parts: list[str]
    options: dict[int, list[str]]
    sure: float
    order: list[int] = field(default_factory=list[int])
    queries: int = 0
    num_changed: int = 0
    has_fallen: bool = False

    @property
    def text(self) -> str:
        """As it stands now."""
        return "".join(self.parts)

    def put(self, at: int, word: str) -> str:
        """The text with another word at a place."""
        return "".join([*self.parts[:at], word, *self.parts[at + 1 :]])

    @property
    def note(self) -> str:
        """What was replaced."""
        return changed(text_of(self.row), self.text)


class Attack:
    """Asks the tuned model about many rows at once.

    Args:
        subject: Whose model is asked.
        rows: That it gets right.
    """

    def __init__(self, subject: Subject, rows: Sequence[Row]) -> None:
        self.subject = subject
        self.most = subject.settings.attack_queries
        step = max(1, subject.data.num_rows("train") // TRAIN_ROWS)
        leaning = Leaning.of(islice(subject.data.rows("train"), 0, None, step))
        near = _near(subject, leaning)
        sure = [found for found, _ in self._ask(list(rows))]
        self.attacked = [
            Attacked(row, parts := pieces(text_of(row)), _options(parts, row, near, leaning), p)
            for row, p in zip(rows, sure, strict=True)
        ]

    def run(self) -> list[Attacked]:
        """Attack every row; which have fallen is noted in each."""
        self._rank()
        step = 0
        while any(self._goes_on(one, step) for one in self.attacked):
            self._replace([one for one in self.attacked if self._goes_on(one, step)], step)
            step += 1
        return self.attacked

    def _goes_on(self, one: Attacked, step: int) -> bool:
        words = len(places(one.parts))
        return (
            not one.has_fallen
            and step < len(one.order)
            and one.queries < self.most
            and one.num_changed < max(1, MOST_CHANGED * words)
        )

    def _rank(self) -> None:
        """Order each row's places by how much surer the model is with their word than without."""
        asked = [
            (one, at) for one in self.attacked for at in list(one.options)[: max(1, self.most // 2)]
        ]
        found = self._ask([with_text(one.row, one.put(at, "")) for one, at in asked])
        loss: dict[int, dict[int, float]] = {}
        for (one, at), (sure, _) in zip(asked, found, strict=True):
            loss.setdefault(id(one), {})[at] = one.sure - sure
            one.queries += 1
        for one in self.attacked:
            own = loss.get(id(one), {})
            one.order = sorted(own, key=lambda at: -own[at])

    def _replace(self, going: Sequence[Attacked], step: int) -> None:
        """Try every option at each row's next place, and keep the one that hurts most."""
        asked = [
            (one, word)
            for one in going
            for word in one.options[one.order[step]][: self.most - one.queries]
        ]
        found = self._ask([with_text(one.row, one.put(one.order[step], w)) for one, w in asked])
        best: dict[int, tuple[float, str, bool, Attacked]] = {}
        for (one, word), (sure, is_right) in zip(asked, found, strict=True):
            one.queries += 1
            known = best.get(id(one))
            if sure < (known[0] if known else one.sure):
                best[id(one)] = (sure, word, is_right, one)
        for sure, word, is_right, one in best.values():
            one.parts[one.order[step]] = word
            one.sure, one.has_fallen = sure, not is_right
            one.num_changed += 1

    def _ask(self, rows: list[Row]) -> list[tuple[float, bool]]:
        """Of each row the probability of its class, and whether it is the likeliest."""
        if not rows:
            return []
        sample = self.subject.tuned.sample(rows, "attack")
        sure = sample.probability_NC[range(len(rows)), sample.truth_N]
        is_right = sample.chosen_N == sample.truth_N
        return list(zip(sure.tolist(), is_right.tolist(), strict=True))


def _near(subject: Subject, leaning: Leaning) -> Mapping[str, Sequence[str]]:
    words = [word for word, count in leaning.vocabulary().items() if count >= FEWEST_TEXTS]
    located = locate(subject.recipe.model, subject.store, subject.listener)
    return word_neighbours(located, words)


def _options(
    parts: Sequence[str], row: Row, near: Mapping[str, Sequence[str]], leaning: Leaning
) -> dict[int, list[str]]:
    """What may stand at each place; places whose word leans to a class first."""
    label = getattr(row, "label", "")
    found: dict[int, list[str]] = {}
    for at in places(parts):
        plain = core(parts[at])
        if is_negation(plain) or plain in FUNCTION_WORDS:
            continue
        fitting = [
            in_place_of(parts[at], word)
            for word in near.get(plain, ())
            if word not in FUNCTION_WORDS
            and not is_negation(word)
            and leaning.to(word) in {"", label}
        ]
        if fitting:
            found[at] = fitting[:MOST_OPTIONS]
    leans = sorted(found, key=lambda at: not leaning.to(core(parts[at])))
    return {at: found[at] for at in leans}
