"""Whether a row that was made is still what it is called: a quick classifier, or a judge, looks.

The classifier (data.faults.quick_head) learns the training rows in five folds, copies together. A
made row is judged by the one that did not learn the row it is made of, for with its parent's words
its parent's label would be known beforehand. It is left out where that classifier names the
parent's class right and another one for the made row: something that it goes by was lost. Where it
has the parent wrong it cannot tell, and the row is not judged.

Source: Kumar, Choudhary & Cho 2020, arXiv:2003.02245, and Anaby-Tavor et al. 2020 (LAMBADA),
arXiv:1911.03118, who leave out rows that a classifier of the originals does not find of the class.

Shapes: T rows learned, C classes, P places, N rows judged.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, cast

from tuneful.data.arrow import pyarrow
from tuneful.data.augmenting.base import text_of
from tuneful.data.faults.quick_head import (
    MOST_ROWS,
    features,
    fold_of,
    hash_words,
    is_learnable,
    learn,
    probabilities,
    skill,
)
from tuneful.data.message import Message
from tuneful.data.rewriting import Question
from tuneful.data.rows import Labelled, Pair

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from tuneful.data.augmenting.base import Material, Try
    from tuneful.data.dataset import Dataset
    from tuneful.data.faults.quick_head import Features
    from tuneful.data.rewriting import Said, TaughtConfig
    from tuneful.data.rows import Row

OTHER, UNHEARD = "another class by its check", "not judged by the judge"
"""Why a made row is left out."""
LONGEST_VERDICT = 32
"""Tokens: a class, or yes or no."""
WHICH = (
    "The first text below is called {label!r}. Which one of these classes is the second text to be "
    "called by: {labels}? Reply with the class alone."
)
SAME = (
    "Do the two texts below say the same, so that whatever holds for the first (its label, its "
    "rating, an answer to it) holds for the second? Reply with yes or no alone."
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check says of a row that was made.

    Attributes:
        why: Why it is left out; "" where it stays.
        detail: More of it, for a person.
        is_judged: Whether the check could say anything.
    """

    why: str = ""
    detail: str = ""
    is_judged: bool = True


class Check(Protocol):
    """Judges rows that were made."""

    def verdicts(self, tries: Sequence[Try]) -> list[Verdict]:
        """Of each row; all of them have one."""
        ...


@dataclass(frozen=True)
class NoCheck:
    """Judges nothing, and says why."""

    why: str

    def verdicts(self, tries: Sequence[Try]) -> list[Verdict]:
        """Each stays, and is not judged."""
        return [Verdict(is_judged=False)] * len(tries)


@dataclass(frozen=True)
class Head:
    """A quick classifier that was learned without each of the folds.

    Attributes:
        data: The training rows.
        labels: Classes.
        known: Features of the rows that it learned.
        weights: For each fold, those learned from the others [C - 1, P].
        right: Share of the training rows that it has right, held out.
    """

    data: Dataset
    labels: tuple[str, ...]
    known: Features
    weights: dict[int, NDArray[np.float32]]
    right: float

    def verdicts(self, tries: Sequence[Try]) -> list[Verdict]:
        """By every head that did not learn one of the rows it is made of."""
        import numpy as np

        pairs = [(number, parent) for number, one in enumerate(tries) for parent in one.parents]
        records = [self.data.record("train", parent) for _, parent in pairs]
        parents = [self.data.row("train", parent) for _, parent in pairs]
        fold_N = fold_of(np.array([record["group"] for record in records], np.int64))
        made = [cast("Row", tries[number].row) for number, _ in pairs]
        own_NC = self._probabilities(made, fold_N)
        first_NC = self._probabilities(parents, fold_N)
        found = [Verdict()] * len(tries)
        for at, (number, _) in enumerate(pairs):
            verdict = self._verdict(parents[at], first_NC[at], own_NC[at])
            if not verdict.is_judged or (verdict.why and found[number].is_judged):
                found[number] = verdict
        return found

    def of_held_out(self, tries: Sequence[Try], rows: Sequence[Row]) -> list[Verdict]:
        """The same of rows made of one held-out row each, their parents' numbers being of `rows`.

        No head learned them, so all of them speak together.
        """
        parents = [rows[one.parents[0]] for one in tries]
        made = [cast("Row", one.row) for one in tries]
        own_NC, first_NC = self._together(made), self._together(parents)
        return [self._verdict(*three) for three in zip(parents, first_NC, own_NC, strict=True)]

    def _verdict(
        self, parent: Row, first_C: NDArray[np.float32], own_C: NDArray[np.float32]
    ) -> Verdict:
        label = _label(parent)
        if self.labels[int(first_C.argmax())] != label:
            return Verdict(is_judged=False)
        other = self.labels[int(own_C.argmax())]
        return (
            Verdict()
            if other == label
            else Verdict(OTHER, f"likelier {other!r} ({own_C.max():.0%})")
        )

    def _together(self, rows: Sequence[Row]) -> NDArray[np.float32]:
        import numpy as np

        parts = [self._probabilities(rows, np.full(len(rows), fold)) for fold in self.weights]
        return np.mean(parts, axis=0)

    def _probabilities(self, rows: Sequence[Row], fold_N: NDArray[np.int64]) -> NDArray[np.float32]:
        import numpy as np

        weighed = features(_hashed(rows), len(self.labels), self.known.rarity_P)
        found_NC = np.zeros((len(rows), len(self.labels)), np.float32)
        for fold, weight_CP in self.weights.items():
            part = np.flatnonzero(fold_N == fold)
            found_NC[part] = probabilities(weighed, part, weight_CP)
        return found_NC


def learn_head(data: Dataset) -> Check:
    """The quick classifier of a data set's training rows, or why there is none."""
    import numpy as np

    if data.row_type not in {"labelled", "pair"}:
        return NoCheck(f"{data.row_type} rows have no single class")
    step = -(-data.num_rows("train") // MOST_ROWS)
    rows = [row for number, row in enumerate(data.rows("train")) if number % step == 0]
    groups = [r["group"] for number, r in enumerate(data.records("train")) if number % step == 0]
    labels = tuple(sorted({_label(row) for row in rows}))
    label_T = np.array([labels.index(_label(row)) for row in rows], np.int64)
    if not is_learnable(label_T):
        return NoCheck("there are too few rows of each class to learn from")
    known = features(_hashed(rows), len(labels))
    fold_T = fold_of(np.array(groups, np.int64))
    weights = {
        int(fold): learn(known, label_T, np.flatnonzero(fold_T != fold), len(labels))
        for fold in np.unique(fold_T)
    }
    probability_TC = np.zeros((len(rows), len(labels)), np.float32)
    for fold, weight_CP in weights.items():
        held_out = np.flatnonzero(fold_T == fold)
        probability_TC[held_out] = probabilities(known, held_out, weight_CP)
    right, is_skilled = skill(probability_TC, label_T)
    if not is_skilled:
        return NoCheck(f"the words say too little of the class: {right:.0%} of the rows are right")
    return Head(data, labels, known, weights, right)


@dataclass(frozen=True)
class HeldOutHead:
    """The quick classifier on rows that are made of held-out ones.

    Attributes:
        rows: The held-out rows that parents' numbers are of.
    """

    head: Head
    rows: Sequence[Row]

    def verdicts(self, tries: Sequence[Try]) -> list[Verdict]:
        """By all heads together."""
        return self.head.of_held_out(tries, self.rows)


@dataclass(frozen=True)
class Judge:
    """Asks the model that wrote the rows, in another question.

    Attributes:
        material: The rows they are made of, and who is asked.
        config: Whom to ask.
    """

    material: Material
    config: TaughtConfig

    def verdicts(self, tries: Sequence[Try]) -> list[Verdict]:
        """What it says of each row beside the one that it is made of."""
        labels = self.material.labels
        asked = [self._question(one) for one in tries]
        question = Question("judge", asked, LONGEST_VERDICT)
        replies = self.material.replies(self.config, question)
        return [
            _verdict(said[0], one.row, labels) for one, said in zip(tries, replies, strict=True)
        ]

    def _question(self, one: Try) -> tuple[Message, ...]:
        row, before = cast("Row", one.row), self.material.rows[one.parents[0]]
        what = SAME
        if isinstance(row, Labelled | Pair):
            named = ", ".join(map(repr, self.material.labels))
            what = WHICH.format(label=row.label, labels=named)
        both = f"First text:\n{_text(before)}\n\nSecond text:\n{_text(row)}"
        return (Message("user", f"{what}\n\n{both}"),)


def _verdict(said: Said, row: Row | None, labels: Sequence[str]) -> Verdict:
    if said.why:
        return Verdict(UNHEARD, f"{said.why} {said.detail}".strip(), is_judged=False)
    told = said.text.strip().strip("\"'`*.").casefold()
    wanted = row.label if isinstance(row, Labelled | Pair) else "yes"
    choices = labels if isinstance(row, Labelled | Pair) else ("yes", "no")
    if told not in {choice.casefold() for choice in choices}:
        return Verdict(UNHEARD, f"it said {said.text[:60]!r}", is_judged=False)
    return Verdict() if told == wanted.casefold() else Verdict(OTHER, f"it said {told!r}")


def _hashed(rows: Sequence[Row]) -> list[NDArray[np.uint32]]:
    return hash_words(pyarrow().array([_text(row) for row in rows], pyarrow().large_string()))


def _text(row: Row) -> str:
    return f"{row.text}\n{row.second}" if isinstance(row, Pair) else text_of(row)


def _label(row: Row) -> str:
    assert isinstance(row, Labelled | Pair), row
    return row.label
