"""Ask a judge about a review's items, and keep every reply: what it said is not asked again.

    reviews/<name>-<hash8>/judges/<judge>-<hash8>.jsonl    a line about the judge, a line a reply

Two answers are shown in both orders, and several two by two (judges.minds). A judge that prefers
the same place both times has said nothing of the answers: it contradicts itself, and the item
counts as unknown. So do items to which it gave no reply, or none that says one thing.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, cast

from tuneful.core.artifact import digest
from tuneful.core.events import Event, ignore
from tuneful.evaluating.judges.minds import Mind, Reply, mind, orders
from tuneful.evaluating.judges.questions import question
from tuneful.evaluating.people.verdicts import append_line, lines_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tuneful.core.events import Listener
    from tuneful.evaluating.judges.voices import Voice
    from tuneful.evaluating.people.review import Review

VERSION = 1
FOLDER = "judges"
AGAIN = {"timed-out", "unreachable"}
"""Silences that another call may break: these are asked again by the next command."""


@dataclass(frozen=True)
class Judged:
    """What a judge thinks of a review's items.

    Attributes:
        name: The judge's.
        criteria: What it was told to judge by.
        minds: Of each item, those that it was not asked about (asking was cut short) too.
    """

    name: str
    criteria: str
    minds: Mapping[int, Mind]

    @property
    def numbers(self) -> dict[int, tuple[int, ...]]:
        """Of each item it has a mind about: ranks of the answers, or a rating."""
        return {item: mind.least for item, mind in self.minds.items() if not mind.unknown}

    @property
    def bad(self) -> set[int]:
        """Items of which it says that no answer will do."""
        return {item for item, mind in self.minds.items() if mind.is_bad}

    @property
    def unknown(self) -> dict[int, str]:
        """Of the other items, why it has none."""
        return {item: mind.unknown for item, mind in self.minds.items() if mind.unknown}

    def reasons(self) -> dict[str, int]:
        """How many items are unknown, by reason."""
        return dict(Counter(self.unknown.values()).most_common())


def ask_judge(review: Review, voice: Voice, criteria: str, listener: Listener = ignore) -> Judged:
    """Ask what was not asked yet, and give what the judge thinks.

    Raises:
        ModelError: The judge would answer no question at all.
    """
    path = path_of(review, voice.name, criteria)
    path.parent.mkdir(exist_ok=True)
    if not path.exists():
        append_line(path, {"judge": voice.name, "criteria": criteria})
    known = {(reply.item, reply.order) for reply in _replies(path) if reply.silence not in AGAIN}
    wanted = [
        (number, order)
        for number, item in enumerate(review.items)
        for order in orders(len(item.answers))
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
    items = enumerate(review.items)
    minds = {n: mind(len(item.answers), replies.get(n, {})) for n, item in items}
    return Judged(str(head.get("judge", path.stem)), str(head.get("criteria", "")), minds)


def _replies(path: Path) -> list[Reply]:
    return [
        Reply(line["item"], tuple(line["order"]), line["text"], line["silence"])
        for line in lines_of(path)[0]
        if _is_reply(line)
    ]


def _is_reply(line: Mapping[str, Any]) -> bool:
    kinds = {"item": int, "order": list, "text": str, "silence": str}
    return all(isinstance(line.get(name), cast("Any", kind)) for name, kind in kinds.items())
