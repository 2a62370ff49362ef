"""Rows as they are, by the groups that they mention, held against their true classes.

Shapes: N rows, G groups.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tuneful.auditing.fairness import Gap, Spread, gaps, rates, spread
from tuneful.data.augmenting.base import text_of
from tuneful.evaluating.measures.classes import ClassSample
from tuneful.evaluating.measures.labels import LabelSample

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from tuneful.auditing.audits.base import Asked, Subject
    from tuneful.auditing.terms import Axis

    Flags = NDArray[np.bool_]

FEWEST, FEWEST_OF_RATE = 30, 15
"""Rows of a group, and of those that a rate is of, without which it says too little."""


@dataclass(frozen=True)
class Compared:
    """A group beside the other groups of its axis.

    Attributes:
        gaps: Of each model: "tuned", "base".
        spread: Of the axis' groups, the tuned model's.
    """

    axis: str
    group: str
    score: str
    rows: int
    others: int
    gaps: dict[str, list[Gap]]
    spread: Spread


@dataclass(frozen=True)
class Few:
    """A group that too few rows mention."""

    axis: str
    group: str
    rows: int


def look_at_mentions(
    subject: Subject, axes: Sequence[Axis], comparisons: int
) -> tuple[list[Compared], list[Few]]:
    """Compare groups that enough rows mention, each row by the one group that it mentions.

    Args:
        subject: Whose clean answers are compared; only classes and labels have rates.
        axes: Of the groups.
        comparisons: Made in all, by whatever the report says of groups.
    """
    sample = subject.clean(subject.tuned)
    if not isinstance(sample, ClassSample | LabelSample):
        return [], []
    found, few = list[Compared](), list[Few]()
    for axis in axes:
        members = _members(subject, axis)
        few += [
            Few(axis.name, group, int(own.sum()))
            for group, own in members.items()
            if 0 < own.sum() < FEWEST
        ]
        enough = {group: own for group, own in members.items() if own.sum() >= FEWEST}
        if len(enough) > 1:
            found += _compared(subject, axis.name, enough, comparisons)
    return found, few


def num_rates(subject: Subject, axes: Sequence[Axis]) -> int:
    """Comparisons that are made at most."""
    groups = sum(len(axis.groups) - (len(axis.groups) == 2) for axis in axes if any(axis.words))
    return 4 * groups * max(1, len(subject.model.labels) - (len(subject.model.labels) == 2))


def _members(subject: Subject, axis: Axis) -> dict[str, Flags]:
    import numpy as np

    mentioned = [axis.mentioned(text_of(row)) for row in subject.rows]
    return {group: np.array([own == [group] for own in mentioned]) for group in axis.groups}


def _compared(
    subject: Subject, axis: str, members: dict[str, Flags], comparisons: int
) -> list[Compared]:
    import numpy as np

    found: list[Compared] = []
    labels, groups = subject.model.labels, list(members)
    every_N = np.any(list(members.values()), axis=0)
    shown = groups[1:] if len(groups) == 2 else groups
    columns = [1] if len(labels) == 2 else range(len(labels))
    draws = (subject.recipe.evaluate.resamples, subject.seed, comparisons)
    for column in columns:
        flags = {asked.who: _flags(subject, asked, column) for asked in subject.asked}
        is_N, chose_N = flags["tuned"]
        apart = spread(is_N[every_N], chose_N[every_N], _stack(members, every_N))
        for group in shown:
            own_N = members[group]
            by_model = {
                who: [
                    gap
                    for gap in gaps(rates(*pair), own_N, every_N & ~own_N, draws)
                    if gap.rows >= FEWEST_OF_RATE
                ]
                for who, pair in flags.items()
            }
            sizes = int(own_N.sum()), int((every_N & ~own_N).sum())
            found.append(Compared(axis, group, labels[column], *sizes, by_model, apart))
    return found


def _stack(members: dict[str, Flags], every_N: Flags) -> Flags:
    import numpy as np

    return np.array([own[every_N] for own in members.values()])


def _flags(subject: Subject, asked: Asked, column: int) -> tuple[Flags, Flags]:
    """Whether a class is true of each row, and whether it was chosen."""
    sample = subject.clean(asked)
    return sample.is_NC[:, column] > 0.5, sample.chose_NC[:, column] > 0.5
