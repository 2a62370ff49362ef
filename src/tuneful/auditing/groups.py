"""How what a model says moves with the people whom a text is about.

Three ways to look. *Swapped*: words of one group take the place of another's. *Inserted*: the same
sentence about each group is put before the same text. *Mentioned*: rows as they are, by the groups
whose words stand in them, held against their true classes.
Source: Garg et al. 2019 (AIES, arXiv:1809.10610), counterfactual token fairness; Dixon et al. 2018.
Shapes: N rows, G groups.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tuneful.auditing.scores import Scores, scores_of
from tuneful.data.augmenting.base import text_of, with_text, words_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tuneful.auditing.audits.base import Asked, Subject
    from tuneful.auditing.terms import Axis
    from tuneful.data.rows import Row
    from tuneful.evaluating.metrics.base import Array

MOST_SWAPPED = 120
"""Rows of an axis."""
INSERTED_SCORED, INSERTED_WRITTEN = 60, 6
FIRST_WORDS = 40
"""Of a text that a sentence is put before: what is added must not be lost in it."""


@dataclass(frozen=True)
class Swap:
    """A row with other people in it.

    Attributes:
        number: Of the row among those asked about.
        group: Whom it was about; "" where it was about both.
        other: Whom it is about now.
    """

    number: int
    axis: Axis
    group: str
    other: str
    row: Row


@dataclass(frozen=True)
class Effect:
    """How a score of texts about a group differs from that of the same texts about others.

    Attributes:
        values: By model ("tuned", "base"), a difference for each text.
    """

    way: str
    axis: str
    group: str
    score: str
    values: dict[str, Array]


@dataclass
class Flips:
    """Rows of an axis that came out otherwise once swapped, by model.

    Attributes:
        example: The first text of which the tuned model thinks otherwise, before and after.
    """

    axis: str
    rows: int = 0
    flipped: dict[str, list[bool]] = field(default_factory=lambda: defaultdict(list))
    example: str = ""


def swaps(subject: Subject, axes: Sequence[Axis]) -> list[Swap]:
    """Every row that mentions someone, with the words of another group in place of theirs."""
    draw, found = subject.draw(2), list[Swap]()
    for axis in axes:
        count = 0
        for number, row in enumerate(subject.rows):
            text = text_of(row)
            mentioned = axis.mentioned(text)
            if not mentioned or count >= MOST_SWAPPED:
                continue
            group, other = _pair(axis, mentioned, draw)
            made = axis.swapped(text, group, other, draw)
            if made != text:
                about = group if len(mentioned) == 1 else ""
                found.append(Swap(number, axis, about, other, with_text(row, made)))
                count += 1
    return found


def _pair(axis: Axis, mentioned: Sequence[str], draw: Any) -> tuple[str, str]:
    if len(mentioned) > 1:
        return mentioned[0], mentioned[1]
    others = [group for group in axis.groups if group != mentioned[0]]
    return mentioned[0], others[int(draw.integers(len(others)))]


def look_at_swaps(subject: Subject, made: Sequence[Swap]) -> tuple[list[Effect], list[Flips]]:
    """Ask both models about the swapped rows."""
    moved: dict[tuple[str, str, str], dict[str, list[float]]] = defaultdict(dict)
    flips: dict[str, Flips] = {}
    for asked in subject.asked if made else ():
        before = scores_of(subject, subject.clean(asked))
        after = scores_of(subject, asked.sample([one.row for one in made], "people swapped"))
        for at, one in enumerate(made):
            _note_flip(flips, asked, one, (before, after, at), subject.rows)
            for column, name in enumerate(after.names if one.group else ()):
                shift = after.score_NC[at, column] - before.score_NC[one.number, column]
                for group, sign in ((one.other, 1.0), (one.group, -1.0)):
                    own = moved[one.axis.name, group, name]
                    own.setdefault(asked.who, []).append(sign * float(shift))
    seconds = {one.axis.name: one.axis.groups for one in made}
    return list(_effects("swapped", moved, seconds)), list(flips.values())


def _note_flip(
    flips: dict[str, Flips],
    asked: Asked,
    one: Swap,
    found: tuple[Scores, Scores, int],
    rows: Sequence[Row],
) -> None:
    before, after, at = found
    own = flips.setdefault(one.axis.name, Flips(one.axis.name))
    was, now = before.decided[one.number], after.decided[at]
    # An answer may name the people it was asked about.
    is_same = was == now or (
        isinstance(was, str) and _same_but_people(one, str(was), str(now), len(own.flipped))
    )
    own.flipped[asked.who].append(not is_same)
    if asked.who == "tuned":
        own.rows += 1
        if not is_same and not own.example:
            own.example = f"{_difference(text_of(rows[one.number]), text_of(one.row))}"


def _same_but_people(one: Swap, was: str, now: str, seed: int) -> bool:
    import numpy as np

    draw = np.random.Generator(np.random.PCG64(seed))
    group = one.group or next(g for g in one.axis.groups if g != one.other)
    return one.axis.swapped(was, group, one.other, draw) == now


def _difference(before: str, after: str) -> str:
    """The words around the first that differs, before and after."""
    old, new = words_of(before), words_of(after)
    at = next((n for n, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), 0)
    begin = max(0, at - 4)
    return f"{' '.join(old[begin : at + 5])!r} > {' '.join(new[begin : at + 5])!r}"


def look_at_inserted(subject: Subject, axes: Sequence[Axis]) -> list[Effect]:
    """Put the same sentence about each group before the same texts, and ask both models."""
    if subject.writes and not subject.settings.graders:
        return []
    most = INSERTED_WRITTEN if subject.writes else INSERTED_SCORED
    texts = subject.rows[:most]
    asked_for = [
        (axis, group, number)
        for axis in axes
        if axis.sentences
        for group in axis.groups
        if axis.inserted[group]
        for number in range(len(texts))
    ]
    rows = [
        _with_sentence(subject, texts[number], axis.sentence(group, number))
        for axis, group, number in asked_for
    ]
    if not rows:
        return []
    moved: dict[tuple[str, str, str], dict[str, list[float]]] = defaultdict(dict)
    for asked in subject.asked:
        found = scores_of(subject, asked.sample(rows, "people mentioned"))
        _note_inserted(moved, asked.who, found, asked_for, len(texts))
    return list(_effects("inserted", moved, {axis.name: axis.groups for axis in axes}))


def _with_sentence(subject: Subject, row: Row, sentence: str) -> Row:
    text = text_of(row)
    if not subject.writes:
        text = " ".join(text.split()[:FIRST_WORDS])
    return with_text(row, f"{sentence} {text}")


def _note_inserted(
    moved: dict[tuple[str, str, str], dict[str, list[float]]],
    who: str,
    found: Scores,
    asked_for: Sequence[tuple[Axis, str, int]],
    num_texts: int,
) -> None:
    import numpy as np

    by_group = found.score_NC.reshape(-1, num_texts, len(found.names))
    owners = asked_for[::num_texts]
    for at, (axis, group, _) in enumerate(owners):
        same = [n for n, (a, g, _) in enumerate(owners) if a is axis and g != group]
        apart_NC = by_group[at] - np.mean(by_group[same], axis=0)
        for column, name in enumerate(found.names):
            moved[axis.name, group, name][who] = apart_NC[:, column].tolist()


def _effects(
    way: str,
    moved: dict[tuple[str, str, str], dict[str, list[float]]],
    groups: dict[str, tuple[str, ...]],
) -> Iterator[Effect]:
    """Of two groups the second alone: the first one's numbers are the same with the other sign."""
    import numpy as np

    for (axis, group, score), values in moved.items():
        if len(groups[axis]) == 2 and group == groups[axis][0]:
            continue
        columns = np.array(list(values.values()))
        known_N = np.isfinite(columns).all(axis=0)
        kept = {who: np.array(own)[known_N] for who, own in values.items()}
        yield Effect(way, axis, group, score, kept)
