"""Who sees what where: items and sides in an order of each person's own, that never changes.

The order hangs on the review and the person's name alone, so that who comes back finds it as it
was; nothing of it is sent, so that it says nothing of which model is which. The first model's
answer stands equally often at every place.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tuneful.evaluating.people.review import Review

LONGEST_NAME = 40


@dataclass(frozen=True)
class Shown:
    """An item as a person sees it.

    Attributes:
        item: Its number in the review.
        order: Which of its answers stands at each place.
    """

    item: int
    order: tuple[int, ...]


def order_for(review: Review, rater: str) -> list[Shown]:
    """Every item of a review in the order of one person."""
    draw = random.Random(f"{review.hash} {key_of(rater)}")  # no secret hangs on it
    items = list(range(len(review.items)))
    draw.shuffle(items)
    width = max((len(item.answers) for item in review.items), default=1)
    places = [place % width for place in range(len(items))]
    draw.shuffle(places)
    return [
        Shown(item, _order(len(review.items[item].answers), place, draw))
        for item, place in zip(items, places, strict=True)
    ]


def _order(num: int, place: int, draw: random.Random) -> tuple[int, ...]:
    others = list(range(1, num))
    draw.shuffle(others)
    at = min(place, len(others))
    return (*others[:at], 0, *others[at:])


def key_of(rater: str) -> str:
    """What tells people apart: their name, whatever its case and spaces."""
    return " ".join(rater.split()).casefold()
