"""Ask a judge about a review's items, and keep every reply: what it said is not asked again.

    reviews/<name>-<hash8>/judges/<judge>-<hash8>.jsonl    a line about the judge, a line a reply

Two answers are shown in both orders. A judge that prefers the same place both times has said
nothing of the answers: it contradicts itself, and the item counts as unknown. So do items to which
it gave no reply, or none that says one thing.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, cast

from tuneful.core.artifact import digest
from tuneful.core.errors import DataError
from tuneful.core.events import Event, ignore
from tuneful.evaluating.judges.questions import question, verdict
from tuneful.evaluating.people.verdicts import append_line, lines_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tuneful.core.events import Listener
    from tuneful.evaluating.judges.voices import Voice
    from tuneful.evaluating.people.review import Item, Review

VERSION = 1
FOLDER = "judges"
RUBBISH, CONTRADICTION = "rubbish", "contradiction"
AGAIN = {"timed-out", "unreachable"}
"""Silences that another call may break: these are asked again by the next command."""
RANKS = {"A": (1, 2), "B": (2, 1), "TIE": (1, 1), "BAD": (1, 1)}


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
class Judged:
    """What a judge thinks of a review's items.

    Attributes:
        name: The judge's.
        criteria: What it was told to judge by.
        numbers: Of each item it has a mind about: ranks of the answers, or a rating.
        bad: Items of which it says that no answer will do.
        unknown: Of the other items that it was asked about, why it has none.
    """

    name: str
    criteria: str
    numbers: Mapping[int, tuple[int, ...]]
    bad: frozenset[int]
    unknown: Mapping[int, str]

    def reasons(self) -> dict[str, int]:
        """How many items are unknown, by reason."""
        return dict(Counter(self.unknown.values()).most_common())


def ask_judge(review: Review, voice: Voice, criteria: str, listener: Listener = ignore) -> Judged:
    """Ask what was not asked yet, and give what the judge thinks.

    Raises:
        DataError: People rank this review's answers; a judge compares two, or rates.
        ModelError: The judge would answer no question at all.
    """
    if review.ask == "rank":
        raise DataError(
            "A judge compares two answers or rates; this review ranks.",
            where="--judge",
            fix="Review two models, or --ask rate.",
        )
    path = path_of(review, voice.name, criteria)
    path.parent.mkdir(exist_ok=True)
    if not path.exists():
        append_line(path, {"judge": voice.name, "criteria": criteria})
    known = {(reply.item, reply.order) for reply in _replies(path) if reply.silence not in AGAIN}
    wanted = [
        (number, order)
        for number, item in enumerate(review.items)
        for order in _orders(item)
        if (number, order) not in known
    ]
    asked = [question(review.items[number], order, criteria) for number, order in wanted]
    for done, ((number, order), said) in enumerate(
        zip(wanted, voice.answers(asked), strict=True) if wanted else (), start=1
    ):
        append_line(path, asdict(Reply(number, order, said.text, said.silence)))
        facts = {"stage": "judge", "done": done, "total": len(wanted), "unit": "questions"}
        listener(Event("progress", facts))
    return read_judge(review, path)


def path_of(review: Review, name: str, criteria: str) -> Path:
    """Where a judge's replies stand."""
    hash_ = digest([VERSION, name, criteria])[:8]
    plain = re.sub(r"[^\w.-]+", "-", name).strip("-.")[-40:]
    return review.path / FOLDER / f"{plain}-{hash_}.jsonl"


def judges_of(review: Review) -> list[Judged]:
    """Every judge that was asked."""
    return [read_judge(review, path) for path in sorted((review.path / FOLDER).glob("*.jsonl"))]


def read_judge(review: Review, path: Path) -> Judged:
    """What a file of replies comes to."""
    head = next((line for line in lines_of(path)[0] if "judge" in line), dict[str, Any]())
    replies: dict[int, dict[tuple[int, ...], Reply]] = defaultdict(dict)
    for reply in _replies(path):
        replies[reply.item][reply.order] = reply
    numbers: dict[int, tuple[int, ...]] = {}
    unknown: dict[int, str] = {}
    bad: set[int] = set()
    for item, of in sorted(replies.items()):
        found = _mind(review.items[item], of)
        if isinstance(found, str):
            unknown[item] = found
        else:
            numbers[item] = found[0]
            bad |= {item} if found[1] else set()
    name, criteria = str(head.get("judge", path.stem)), str(head.get("criteria", ""))
    return Judged(name, criteria, numbers, frozenset(bad), unknown)


def _orders(item: Item) -> list[tuple[int, ...]]:
    return [(0, 1), (1, 0)] if len(item.answers) == 2 else [(0,)]


def _mind(item: Item, of: Mapping[tuple[int, ...], Reply]) -> tuple[tuple[int, ...], bool] | str:
    """What all orders say alike of an item and whether it is bad; or why that is nothing."""
    found: set[tuple[tuple[int, ...], bool]] = set()
    for order in _orders(item):
        reply = of.get(order)
        if reply is None or reply.silence:
            return reply.silence if reply else "not asked"
        said = verdict(reply.text, len(order))
        if not said:
            return RUBBISH
        if len(order) == 1:
            return (int(said),), False
        by_place = RANKS[said]
        found.add((tuple(by_place[order.index(answer)] for answer in (0, 1)), said == "BAD"))
    return found.pop() if len(found) == 1 else CONTRADICTION


def _replies(path: Path) -> list[Reply]:
    return [
        Reply(line["item"], tuple(line["order"]), line["text"], line["silence"])
        for line in lines_of(path)[0]
        if _is_reply(line)
    ]


def _is_reply(line: Mapping[str, Any]) -> bool:
    kinds = {"item": int, "order": list, "text": str, "silence": str}
    return all(isinstance(line.get(name), cast("Any", kind)) for name, kind in kinds.items())
