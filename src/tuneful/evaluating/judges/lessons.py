"""Verdicts as rows that a judge learns from: its own questions, answered as most people did.

Two answers are asked about in both orders, several two by two in both orders, as `ask_judge` asks;
one is rated. The column `row` says which row a question is of: `data.split.group: row` keeps all
of its questions on one side of the split.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

from tuneful.data.message import Message
from tuneful.data.rows import Chat, to_json
from tuneful.evaluating.judges.held import SPLIT, means, most
from tuneful.evaluating.judges.minds import orders
from tuneful.evaluating.judges.questions import question
from tuneful.evaluating.people.export import Exported, write_rows
from tuneful.evaluating.people.verdicts import read

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tuneful.evaluating.people.review import Review
    from tuneful.evaluating.people.verdicts import Verdict

WORDS = {"1 2": "A", "2 1": "B", "1 1": "TIE", "bad": "BAD"}


def export_questions(review: Review, path: Path, criteria: str) -> Exported:
    """Write a judge's questions and people's answers as JSON lines of chats.

    Raises:
        DataError: No row came of it; nothing is written.
    """
    groups: dict[int, list[Verdict]] = defaultdict(list)
    for verdict in read(review.verdicts).verdicts:
        groups[verdict.item].append(verdict)
    rows: list[dict[str, Any]] = []
    left_out: Counter[str] = Counter()
    for number, said in sorted(groups.items()):
        item = review.items[number]
        for order, word in _answered(review, said):
            if word == SPLIT:
                left_out["people are split"] += 1
                continue
            asked = Message("user", question(item, order, criteria).text)
            chat = Chat((asked, Message("assistant", f"[[{word}]]")))
            people = list(dict.fromkeys(verdict.rater for verdict in said))
            about = {"review": review.path.name, "raters": people, "order": order}
            rows.append({**to_json(chat), "row": item.row, "provenance": about})
    write_rows(review, rows, left_out, path)
    return Exported("chat", len(rows), left_out)


def _answered(review: Review, said: Sequence[Verdict]) -> Iterator[tuple[tuple[int, ...], str]]:
    """Every order that is asked about, and what most people say to it."""
    if review.ask == "prefer":
        word = WORDS.get(most(said), SPLIT)
        yield (0, 1), word
        yield (1, 0), {"A": "B", "B": "A"}.get(word, word)
        return
    numbers = means(said, is_rated=review.ask == "rate")
    is_bad = sum(verdict.is_bad for verdict in said) > len(said) / 2
    for order in orders(len(numbers)):
        if len(order) == 1:
            yield order, str(int(numbers[0]))
            continue
        first, second = (numbers[at] for at in order)
        word = "TIE" if first == second else "A" if first < second else "B"
        yield order, "BAD" if is_bad else word
