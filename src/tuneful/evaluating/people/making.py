"""Make a review of answers: which rows, what people are asked, and what is no question at all."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tuneful.core.artifact import MANIFEST
from tuneful.core.errors import DataError
from tuneful.evaluating.people.review import Ask, Item, Review, folder_of, write_review

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tuneful.core.store import Store
    from tuneful.data.message import Turns

NUM_ITEMS = 50
LONGEST_NAME = 40
MOST_RANKED = 9


@dataclass(frozen=True)
class Wanted:
    """What people are to judge.

    Attributes:
        models: As a recipe names them; one tuned model alone stands against its base. Or one file
            of rows with prompt and answers by name.
        ask: What people are asked; None: which of two is better, or the order of more.
        split: Of the first model's data set, which its rows are taken from.
        num_items: Rows at most, drawn at random.
        seed: Of the draw.
        max_new_tokens: Longest answer.
    """

    models: tuple[str, ...]
    ask: Ask | None = None
    split: str = "test"
    num_items: int = NUM_ITEMS
    seed: int = 0
    max_new_tokens: int = 256


@dataclass(frozen=True)
class Answered:
    """A row and what each model said to it.

    Attributes:
        row: Its number, from 0.
        prompt: The conversation before the answers.
        answers: In the models' order.
        reference: What a right answer would be; "" where nobody knows.
    """

    row: int
    prompt: Turns
    answers: tuple[str, ...]
    reference: str = ""


def ask_of(wanted: Wanted, names: Sequence[str]) -> Ask:
    """What people are asked about these models.

    Raises:
        DataError: It cannot be asked about so many, or one stands twice among them.
    """
    if len(set(names)) < len(names):
        raise DataError(
            f"The same model stands twice among {', '.join(names)}.",
            where="MODEL",
            fix="Name different ones.",
        )
    ask: Ask = wanted.ask or ("prefer" if len(names) == 2 else "rank")
    fits = {"prefer": len(names) == 2, "rank": 2 <= len(names) <= MOST_RANKED, "rate": True}
    if not fits[ask]:
        raise DataError(
            f"There is no asking to {ask} of {len(names)}: {', '.join(names)}.",
            where="--ask",
            fix=f"prefer takes two, rank 2 to {MOST_RANKED} (a digit each), rate any number.",
        )
    return ask


def drawn(num_rows: int, wanted: Wanted, where: str) -> list[int]:
    """Numbers of the rows to show, in order.

    Raises:
        DataError: There are none.
    """
    if not num_rows or wanted.num_items < 1:
        raise DataError(
            f"There is nothing to show: {num_rows:,} rows, {wanted.num_items:,} of them wanted.",
            where=where,
            fix="Take another --split, more --items, or a run whose data.split.test is not 0.",
        )
    draw = random.Random(wanted.seed)
    return sorted(draw.sample(range(num_rows), min(num_rows, wanted.num_items)))


def make(
    store: Store,
    name: str,
    made_from: Sequence[Any],
    facts: dict[str, Any],
    answered: Callable[[], Sequence[Answered]],
) -> Review:
    """Write a review, or open the one that was made from the same before.

    Rows to which all models said the same are left out and counted: there is nothing to judge,
    unless people rate.

    Args:
        store: Where it stands.
        name: Of its folder, before the hash.
        made_from: Everything that its items hang on, beside what people are asked.
        facts: For its manifest: ask and models among them.
        answered: Gets the answers, if they are needed.

    Raises:
        DataError: All answers are the same.
    """
    title = f"{facts['ask']}-{name[:LONGEST_NAME]}"
    folder, hash_ = folder_of(store, title, [facts["ask"], *made_from])
    if (folder / MANIFEST).exists():
        return Review.open(folder)
    rates, every = facts["ask"] == "rate", answered()
    apart = [one for one in every if rates or len({a.strip() for a in one.answers}) > 1]
    if not apart:
        raise DataError(
            f"All answers are the same, on each of {len(every):,} rows: nothing to compare.",
            where=", ".join(facts["models"]),
            fix="Compare other models, or take more --items.",
        )
    known = {"name": title, "hash": hash_, "num_alike": len(every) - len(apart)}
    items = [item for one in apart for item in _items(one, rates=rates)]
    return write_review(folder, items, {**facts, **known})


def _items(one: Answered, *, rates: bool) -> list[Item]:
    """All answers as one item; where people rate, each as one of its own."""
    every = tuple(range(len(one.answers)))
    return [
        Item(one.row, one.prompt, tuple(one.answers[m] for m in models), models, one.reference)
        for models in ([(number,) for number in every] if rates else [every])
    ]
