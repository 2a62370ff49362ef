"""How near to a person is the model? Its error beside each person's, against the same judge.

Whoever rates an item is held against the mean of the others who rated it. A person is; and the
model takes that person's seat and is held against the same mean, so that both are judged by as many
people. The mean of the absolute errors over all seats of an item, then over items, is what a person
and the model come to; their difference's interval is a bootstrap over items.

Shapes: I items, R resamples, E errors: the model's and a person's.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from tuneful.data.agreement import agreement
from tuneful.evaluating.bootstrap import interval_of, row_counts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tuneful.evaluating.interval import Interval
    from tuneful.evaluating.metrics.base import Array

FEWEST = 3
"""Ratings of an item."""


@dataclass(frozen=True)
class Beside:
    """The model beside people.

    Attributes:
        items: Items with three ratings or more.
        ratings: Their ratings.
        model: Mean distance of the model from the mean of all people but one.
        person: Mean distance of that one.
        difference: Model minus person: below 0 the model is nearer to the others than a person is.
        alpha: Krippendorff's alpha of the people, on an interval scale.
    """

    items: int
    ratings: int
    model: Interval
    person: Interval
    difference: Interval
    alpha: dict[str, float | None]

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)


def beside_people(
    rating_I: Array, people: Sequence[Sequence[float]], resamples: int, seed: int
) -> Beside | None:
    """Set the model's ratings beside people's of the same items; None where no item has three.

    Args:
        rating_I: The model's, on the people's scale.
        people: Each item's ratings by people, in any order.
        resamples: Of the bootstrap.
        seed: Of the bootstrap.
    """
    import numpy as np

    kept = [at for at, ratings in enumerate(people) if len(ratings) >= FEWEST]
    if not kept:
        return None
    errors = np.array([_errors(float(rating_I[at]), people[at]) for at in kept])
    draw = np.random.default_rng([seed, 0x9E0])
    drawn_RE = np.concatenate(
        [counts_RN @ errors / len(errors) for counts_RN in row_counts(draw, len(errors), resamples)]
    )
    model, person = errors.mean(axis=0).tolist()
    known = agreement([people[at] for at in kept], "interval", resamples=200, seed=seed)
    return Beside(
        items=len(kept),
        ratings=sum(len(people[at]) for at in kept),
        model=interval_of(model, drawn_RE[:, 0]),
        person=interval_of(person, drawn_RE[:, 1]),
        difference=interval_of(model - person, drawn_RE[:, 0] - drawn_RE[:, 1]),
        alpha={"value": known.alpha, "low": known.low, "high": known.high},
    )


def _errors(rating: float, people: Sequence[float]) -> tuple[float, float]:
    """Mean distances of the model, and of a person, from the mean of the other people."""
    total, num = sum(people), len(people)
    others = [(total - own) / (num - 1) for own in people]
    model = sum(abs(rating - mean) for mean in others) / num
    person = sum(abs(own - mean) for own, mean in zip(people, others, strict=True)) / num
    return model, person
