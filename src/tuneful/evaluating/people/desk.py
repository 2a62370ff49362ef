"""What one person sees next, and what becomes of what they say: a review without its page.

What it hands out never says which model an answer is of, nor what others said.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tuneful.core.errors import DataError
from tuneful.evaluating.people.order import LONGEST_NAME, Shown, order_for
from tuneful.evaluating.people.review import BEST_RATING, Review
from tuneful.evaluating.people.verdicts import Verdict, append, read

if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST_NOTE = 2000
LONGEST_LOOK_S = 3600.0
"""Who looks longer has gone for lunch."""


class Desk:
    """Hands out items and takes verdicts, for as many people as come.

    Args:
        review: What they judge.
    """

    def __init__(self, review: Review) -> None:
        self._review = review
        self._orders: dict[str, list[Shown]] = {}
        self._lock = threading.Lock()

    def show(self, rater: str, after: int = -1) -> dict[str, Any]:
        """The first item without a verdict after a place, from the beginning where none follows.

        Args:
            rater: Who asks.
            after: A place in their order, from 0.

        Raises:
            DataError: The name is none.
        """
        order, said = self._order(rater), read(self._review.verdicts).of(rater)
        waiting = [at for at, shown in enumerate(order) if shown.item not in said]
        at = next((at for at in waiting if at > after), waiting[0] if waiting else None)
        return self._state(rater, at, len(said))

    def judge(self, rater: str, at: int, said: dict[str, Any]) -> dict[str, Any]:
        """Keep a verdict, then show what is next.

        Args:
            rater: Who says it.
            at: The place in their order.
            said: numbers (by place as shown), is_bad, note and seconds.

        Raises:
            DataError: It is no verdict on the item.
        """
        shown = self._shown(rater, at)
        numbers = self._numbers(said.get("numbers"), shown)
        by_answer = [0] * len(numbers)
        for place, answer in enumerate(shown.order):
            by_answer[answer] = numbers[place]
        verdict = Verdict(
            rater=_name(rater),
            item=shown.item,
            numbers=tuple(by_answer),
            shown=shown.order,
            is_bad=said.get("is_bad") is True,
            note=_clean(said.get("note"))[:LONGEST_NOTE],
            seconds=_seconds(said.get("seconds")),
            time=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        with self._lock:
            append(self._review.verdicts, verdict)
        return self.show(rater, at)

    def undo(self, rater: str) -> dict[str, Any]:
        """Take back the latest verdict that counts, and show its item again with its note."""
        with self._lock:
            said = read(self._review.verdicts).of(rater)
            if not said:
                return self.show(rater)
            last = said[next(reversed(said))]
            append(self._review.verdicts, replace(last, is_undone=True))
        at = next(a for a, shown in enumerate(self._order(rater)) if shown.item == last.item)
        return self._state(rater, at, len(said) - 1) | {"note": last.note}

    def _state(self, rater: str, at: int | None, num_done: int) -> dict[str, Any]:
        order = self._order(rater)
        facts = {"ask": self._review.ask, "done": num_done, "total": len(order)}
        if at is None:
            return facts
        shown = order[at]
        item = self._review.items[shown.item]
        return {
            **facts,
            "at": at,
            "prompt": [{"role": turn.role, "text": _text(turn)} for turn in item.prompt],
            "answers": [item.answers[answer] for answer in shown.order],
            "reference": item.reference,
        }

    def _order(self, rater: str) -> list[Shown]:
        name = _name(rater)
        with_order = self._orders.get(name)
        if with_order is None:
            with_order = self._orders[name] = order_for(self._review, name)
        return with_order

    def _shown(self, rater: str, at: object) -> Shown:
        order = self._order(rater)
        if isinstance(at, bool) or not isinstance(at, int) or not 0 <= at < len(order):
            raise _refused(f"There is no item {at!r}", f"items count from 0 to {len(order) - 1}")
        return order[at]

    def _numbers(self, value: object, shown: Shown) -> Sequence[int]:
        """Ranks or a rating, one for each answer.

        Raises:
            DataError: They are not.
        """
        best = BEST_RATING if self._review.ask == "rate" else len(shown.order)
        known: list[Any] = list(value) if isinstance(value, list) else []  # pyright: ignore[reportUnknownArgumentType]
        whole = [n for n in known if type(n) is int and 1 <= n <= best]
        if len(whole) != len(shown.order) or len(whole) != len(known):
            raise _refused(
                f"The verdict is {value!r}", f"it has {len(shown.order)} numbers from 1 to {best}"
            )
        if self._review.ask == "rate":
            return whole
        return [1 + sum(other < own for other in whole) for own in whole]


def _clean(text: object) -> str:
    """Words as UTF-8 without signs that a terminal would obey."""
    said = text.encode("utf-8", "replace").decode() if isinstance(text, str) else ""
    return "".join(sign for sign in said.strip() if sign.isprintable() or sign == "\n")


def _name(rater: object) -> str:
    name = " ".join(_clean(rater).split())
    if not 0 < len(name) <= LONGEST_NAME:
        raise _refused("That is no name", f"it has 1 to {LONGEST_NAME} letters")
    return name


def _seconds(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0.0
    return round(float(value), 1) if 0 <= value <= LONGEST_LOOK_S else LONGEST_LOOK_S


def _text(turn: Any) -> str:
    calls = [f"{call.name}({call.arguments})" for call in turn.tool_calls]
    return "\n".join([*([turn.content] if turn.content else []), *calls])


def _refused(what: str, wanted: str) -> DataError:
    return DataError(f"{what}: {wanted}.", where="review", fix="Reload the page.")
