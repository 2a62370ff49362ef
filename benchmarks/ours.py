"""Our side: the training stage as `tuneful train` runs it, its steps' times from the run folder."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.harness import Work
from tuneful.core.events import ignore
from tuneful.core.store import Store
from tuneful.data.prepare import prepare
from tuneful.planning.plan import plan
from tuneful.recipe.origins import Written
from tuneful.recipe.schema import Recipe
from tuneful.training.train import open_run, train

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tuneful.core.events import Event
    from tuneful.data.dataset import Dataset
    from tuneful.data.rows import Row

WARM_UP = 1
"""Steps of a turn that are not timed, on every side."""


class Ours:
    """A recipe trained anew in every turn, on the same rows."""

    def __init__(self, values: dict[str, Any], steps: int) -> None:
        self.recipe = recipe_of(values, steps)
        self.folder = Path(tempfile.mkdtemp(prefix="tuneful-bench-"))
        store = Store(self.folder)
        self.data = prepare(self.recipe, store, ignore)
        self.plan = plan(self.recipe, self.data, store)
        self.lines: list[dict[str, Any]] = []

    def hear(self, event: Event) -> None:
        """Nothing; a side that wants to know more than what a step takes listens here."""
        del event

    def work(self, round_: int) -> Work:
        """Train the rows once; what a step takes stands in metrics.jsonl."""
        del round_
        store = Store(self.folder)
        run = open_run(self.recipe, self.data, self.plan, store, Written())
        train(run, self.recipe, self.data, self.plan, store, self.hear)
        lines = [json.loads(line) for line in run.metrics.read_text("utf-8").splitlines()]
        self.lines = [line for line in lines if "loss" in line]
        steps, before = self.lines[WARM_UP:], self.lines[0]["tokens"]
        shutil.rmtree(store.runs)
        shutil.rmtree(store.models)
        return Work(
            seconds=sum(step["seconds"] for step in steps),
            rows=len(steps) * self.plan.settings.batch_size,
            tokens=steps[-1]["tokens"] - before,
        )


def recipe_of(values: dict[str, Any], steps: int) -> Recipe:
    """A recipe whose training rows are exactly those of a turn's steps."""
    train = {"epochs": 1, "keep": "last", "checkpoint_every": 10**6, **values["train"]}
    rows = (steps + WARM_UP) * int(train["batch_size"])
    data = {**values["data"], "take": {"train": rows}, "split": {"validation": 0, "test": 0}}
    return Recipe.make({**values, "name": "bench", "data": data, "train": train})


def rows_of(values: dict[str, Any], steps: int) -> tuple[Dataset, list[Row]]:
    """The same rows for a peer."""
    folder = Path(tempfile.mkdtemp(prefix="tuneful-bench-"))
    data = prepare(recipe_of(values, steps), Store(folder), ignore)
    return data, list(_all(data))


def _all(data: Dataset) -> Iterator[Row]:
    yield from data.rows("train")
