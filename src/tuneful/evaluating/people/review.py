"""A review: what people are shown, fixed in a folder; what they say is appended beside it.

reviews/<name>-<hash8>/
├── items.jsonl · manifest.json    written once
└── verdicts.jsonl                 grows by a line with every verdict
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from tuneful.core.artifact import Artifact, building, digest
from tuneful.data.columns.turns import turns_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tuneful.core.store import Store
    from tuneful.data.message import Turns

VERSION = 1
ITEMS, VERDICTS = "items.jsonl", "verdicts.jsonl"
Ask = Literal["prefer", "rank", "rate"]
"""Which of two is better; the order of several; 1 to 5 for one answer at a time."""
ASKS: tuple[Ask, ...] = ("prefer", "rank", "rate")
BEST_RATING = 5


@dataclass(frozen=True)
class Item:
    """What a person judges at a time.

    Attributes:
        row: Number of the row it comes from, from 0.
        prompt: The conversation before the answers.
        answers: To be judged against each other; one where people rate.
        models: Which of the review's models gave each.
        reference: What a right answer would be; "" where nobody knows.
    """

    row: int
    prompt: Turns
    answers: tuple[str, ...]
    models: tuple[int, ...]
    reference: str = ""

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        turns = [turn.to_json() for turn in self.prompt]
        return {**vars(self), "prompt": turns}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Item:
        """Read what `to_json` wrote."""
        known = {name: tuple(value[name]) for name in ("answers", "models")}
        prompt = turns_of(value["prompt"], "prompt")
        return cls(value["row"], prompt, **known, reference=value["reference"])


@dataclass(frozen=True)
class Review(Artifact):
    """A folder of items, and what is known of them.

    The manifest says beside name and hash: ask, models (their names), seed, split, dataset (hash,
    where the rows are of one), num_alike (rows not shown, for all answers were the same).
    """

    @property
    def ask(self) -> Ask:
        """What people are asked."""
        return self.manifest["ask"]

    @property
    def models(self) -> tuple[str, ...]:
        """Who gave the answers; never sent to who judges them."""
        return tuple(self.manifest["models"])

    @property
    def verdicts(self) -> Path:
        """The file of verdicts; it may not be there yet."""
        return self.path / VERDICTS

    @cached_property
    def items(self) -> tuple[Item, ...]:
        """What is shown, in the order of the rows."""
        lines = (self.path / ITEMS).read_text(encoding="utf-8").splitlines()
        return tuple(Item.from_json(json.loads(line)) for line in lines)


def folder_of(store: Store, name: str, made_from: Sequence[Any]) -> tuple[Path, str]:
    """Where a review of these models, rows and settings stands, and its hash."""
    hash_ = digest([VERSION, *made_from])
    return store.artifact_folder("reviews", name, hash_), hash_


def write_review(folder: Path, items: Sequence[Item], manifest: dict[str, Any]) -> Review:
    """Write a review's items; what was said of an earlier one in this folder is gone."""
    facts = {"kind": "review", **manifest}
    with building(folder, facts) as draft, (draft / ITEMS).open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(item.to_json(), ensure_ascii=False) + "\n" for item in items)
    return Review.open(folder)
