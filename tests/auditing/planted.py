"""A subject whose model is a function of the text, so that what it leans on is known."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from tuneful.auditing.audits.base import Asked, Subject
from tuneful.core.events import ignore
from tuneful.core.store import Store
from tuneful.data.rows import Labelled, Row, kind_of
from tuneful.evaluating.measures import MEASURES
from tuneful.evaluating.measures.base import Context
from tuneful.recipe.schema import Recipe

LABELS = ("bad", "good")
Say = Callable[[str], float]
"""Of a text the log-odds of "good"."""


@dataclass
class Rows:
    """What an audit reads of a data set."""

    test: Sequence[Row]
    train: Sequence[Row] = ()
    hash: str = "data"
    path: Path = Path("rows")
    labels: tuple[str, ...] = LABELS
    manifest: dict[str, Any] = field(default_factory=dict)

    @property
    def row_type(self) -> str:
        return kind_of(self.test[0] if self.test else Labelled("", ""))

    def rows(self, split: str) -> Any:
        return iter({"test": self.test, "train": self.train}.get(split, ()))

    def records(self, split: str) -> Any:
        return ({"group": number} for number, _ in enumerate(self.rows(split)))

    def num_rows(self, split: str) -> int:
        return len(list(self.rows(split)))


@dataclass
class Sayer:
    """A classifier that is a function."""

    say: Say

    def logits(self, inputs: Sequence[str], on_done: Any = None) -> Any:
        return np.array([[0.0, self.say(text)] for text in inputs])


def words(text: str) -> list[str]:
    return [word.strip(".,!?").lower() for word in text.split()]


def honest(text: str) -> float:
    """Sees praise and nothing else."""
    found = words(text)
    return 3.0 * (found.count("wonderful") - found.count("dull"))


def reviews(count: int = 120, seed: int = 0) -> list[Row]:
    """Reviews that mention a man or a woman, half of each class."""
    draw = random.Random(seed)
    found: list[Row] = []
    for number in range(count):
        praise, label = (("wonderful", "good"), ("dull", "bad"))[number % 2]
        who = draw.choice(["He", "She"])
        tail = " ".join(draw.choices(["plot", "cast", "scene", "story"], k=6))
        found.append(Labelled(f"{who} was {praise} in it and the {tail} was there.", label))
    return found


def subject(
    say: Say,
    rows: Sequence[Row] | None = None,
    base: Say | None = None,
    train: Sequence[Row] = (),
    store: Store = Store(Path("none")),  # noqa: B008  (a path, and nothing there)
    **audit: Any,
) -> Subject:
    """A subject; without `base` there is no model before tuning."""
    recipe = Recipe.make(
        {
            "model": "none",
            "data": {"source": "none"},
            "method": "classify",
            "evaluate": {"resamples": 300, "base": base is not None},
            "audit": {"attack_rows": 0, **audit},
        }
    )
    model: Any = SimpleNamespace(head="classes", labels=LABELS, manifest={"dataset": "data"})
    data: Any = Rows(reviews() if rows is None else rows, train)
    made = Subject(model, recipe, data, store, ignore)
    for who, function in (("tuned", say), ("base", base)):
        measure = MEASURES["classes"](Context(LABELS))
        predictor: Any = Sayer(function) if function else None
        made.__dict__[who] = Asked(who, measure, predictor, ignore) if function else None
    return made
