"""What a judge's replies about an item come to: a rating, or an order of its answers.

Two answers are shown in both orders. Several are compared two by two, each pair in both orders
(pairwise ranking prompting, Qin et al. 2023, arXiv 2306.17563, who take a contradiction for a tie;
here it is unknown). An answer's rank is 1 and one for every answer that is better. Where a pair is
unknown, the ranks of its two answers lie between two bounds; where all are known but fit no order
(a circle), nothing is known.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import combinations, permutations
from typing import TYPE_CHECKING

from tuneful.evaluating.judges.questions import verdict
from tuneful.evaluating.people.review import BEST_RATING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

RUBBISH, CONTRADICTION, CIRCLE, NOT_ASKED = "rubbish", "contradiction", "circle", "not asked"
BETTER = {"A": -1, "B": 1, "TIE": 0, "BAD": 0}
"""How the ranks of the first and the second answer stand to each other."""
Pair = tuple[int, int]


@dataclass(frozen=True)
class Reply:
    """What a judge said of an item.

    Attributes:
        item: The item's number in the review.
        order: Which answer stood at each place.
        text: Its words.
        silence: Why there are none; "" where there are.
    """

    item: int
    order: tuple[int, ...]
    text: str
    silence: str = ""


@dataclass(frozen=True)
class Mind:
    """What a judge thinks of an item.

    Attributes:
        least: Of each answer, the least rank (or rating) that it may have.
        most: The greatest; the same where the judge's mind is known.
        pairs: Of each two answers that it has a mind about, the sign of the difference of ranks.
        is_bad: No answer will do.
        unknown: Why its mind is not, or not wholly, known; "" where it is.
    """

    least: tuple[int, ...]
    most: tuple[int, ...]
    pairs: Mapping[Pair, int] = field(default_factory=dict[Pair, int])
    is_bad: bool = False
    unknown: str = ""


def orders(num: int) -> list[tuple[int, ...]]:
    """What is asked about so many answers: each pair in both orders, or the only one.

    >>> len(orders(4))
    12
    """
    return list(permutations(range(num), 2)) if num > 1 else [(0,)]


def mind(num: int, replies: Mapping[tuple[int, ...], Reply]) -> Mind:
    """What the replies about an item of so many answers come to."""
    if num == 1:
        said = _said((0,), replies)
        if said.isdigit():
            return Mind((int(said),), (int(said),))
        return Mind((1,), (BEST_RATING,), unknown=said)
    found = {pair: _both(pair, replies) for pair in combinations(range(num), 2)}
    known = {pair: BETTER[said] for pair, said in found.items() if said in BETTER}
    reasons = Counter(said for said in found.values() if said not in BETTER)
    least = tuple(1 + _num_better(at, known) for at in range(num))
    if not reasons and any(_sign(least, pair) != sign for pair, sign in known.items()):
        return Mind((1,) * num, (num,) * num, unknown=CIRCLE)
    open_ = [sum(at in pair for pair in found.keys() - known.keys()) for at in range(num)]
    most = tuple(low + more for low, more in zip(least, open_, strict=True))
    is_bad = all(said == "BAD" for said in found.values())
    return Mind(least, most, known, is_bad, reasons.most_common(1)[0][0] if reasons else "")


def _num_better(at: int, known: Mapping[Pair, int]) -> int:
    """How many answers are better than one."""
    return sum(sign == (1 if at == a else -1) for (a, b), sign in known.items() if at in (a, b))


def _sign(ranks: Sequence[int], pair: Pair) -> int:
    one, other = (ranks[at] for at in pair)
    return (one > other) - (one < other)


def _both(pair: Pair, replies: Mapping[tuple[int, ...], Reply]) -> str:
    """A, B, TIE or BAD where both orders say so; else why nothing is known."""
    turned = {"A": "B", "B": "A"}
    one, other = _said(pair, replies), _said(pair[::-1], replies)
    for said in (one, other):
        if said not in BETTER:
            return said
    return one if one == turned.get(other, other) else CONTRADICTION


def _said(order: tuple[int, ...], replies: Mapping[tuple[int, ...], Reply]) -> str:
    """A verdict, or why there is none."""
    reply = replies.get(order)
    if reply is None or reply.silence:
        return reply.silence if reply else NOT_ASKED
    return verdict(reply.text, len(order)) or RUBBISH
