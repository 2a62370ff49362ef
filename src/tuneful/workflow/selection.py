"""Which selector is worth it: a recipe trained on each one's rows, against as many random rows.

Every trial is a recipe like any other, on the same split, with a selector, a fraction and a seed of
its own. What a trial came to, test row by test row, stands in a file of the store as soon as it is
known; its weights are then thrown away. The same command goes on where the last one stopped, a
trial that was broken off at the step it had reached.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass, field
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuneful.core.artifact import digest, remove, write_json
from tuneful.core.drafts import alone
from tuneful.core.errors import RecipeError, Stopped, TunefulError
from tuneful.core.events import Event, ignore
from tuneful.data.selecting import SELECTORS
from tuneful.evaluating.rowwise import row_by_row
from tuneful.recipe.change import with_changes
from tuneful.recipe.data import WHO
from tuneful.selecting.features import refuse_unfit, unfit
from tuneful.workflow.gate import TRIAL
from tuneful.workflow.stages import prepare
from tuneful.workflow.training import train_recipe

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tuneful.core.events import Listener
    from tuneful.core.store import Store
    from tuneful.data.dataset import Dataset
    from tuneful.recipe.schema import Recipe

VERSION = 1
BASELINE = "random"
ALL = "all rows"
"""What is trained at fraction 1, whatever the selector."""
OF_TRIAL = "select-"
"""What the names of trials' models and runs begin with."""


@dataclass(frozen=True)
class Trial:
    """One training."""

    selector: str
    fraction: float
    seed: int

    @property
    def key(self) -> str:
        """Its name in files."""
        return f"{self.selector.replace(' ', '_')}-{self.fraction:g}-{self.seed}"


@dataclass(frozen=True)
class Tried:
    """What a trial came to.

    Attributes:
        rows: Training rows.
        tokens: That were learned from, over all epochs; equal rows may differ in them.
        seconds: Of the whole trial.
        metric: Name of the metric.
        statistics: Of each test row, what the metric sums; empty where the trial failed.
        note: Why it failed.
        folders: Of its weights and its run, which are thrown away.
    """

    trial: Trial
    rows: int = 0
    tokens: int = 0
    seconds: float = 0.0
    metric: str = ""
    statistics: list[list[float]] = field(default_factory=list[list[float]])
    note: str = ""
    folders: list[str] = field(default_factory=list[str])


@dataclass(frozen=True)
class Selection:
    """A recipe, and what is compared.

    Attributes:
        fractions: Of the training rows.
        seeds: How many, from the recipe's own seed on.
        selectors: Their names; empty: all that fit the rows. Random rows are always among them.
    """

    recipe: Recipe
    store: Store
    fractions: Sequence[float]
    seeds: int
    selectors: Sequence[str] = ()
    listener: Listener = field(default=ignore)

    def run(self) -> list[Tried]:
        """Train what has not been trained yet; all trials, the baseline's first.

        Raises:
            UnknownName: There is no such selector.
            DataError: A selector does not fit the rows, or there are no test rows.
            Stopped: A signal came; the same call continues.
        """
        self._check()
        base = with_changes(self.recipe, {"data.select": None})
        data = prepare(base, store=self.store, listener=self.listener)
        folder = self.folder(data)
        folder.mkdir(parents=True, exist_ok=True)
        with alone(folder, self.listener):
            return self._all(folder, list(self._trials(data.row_type)))

    def _all(self, folder: Path, trials: Sequence[Trial]) -> list[Tried]:
        found: list[Tried] = []
        for number, trial in enumerate(trials, 1):
            path = folder / f"{trial.key}.json"
            if path.exists():
                found.append(_read(path))
                _throw_away(found[-1])
                continue
            text = f"trial {number} of {len(trials)}: {trial.selector}, {trial.fraction:.3g} of the"
            self.listener(Event("message", {"text": f"{text} rows, seed {trial.seed}"}))
            found.append(self._try(trial, path))
        return found

    def folder(self, data: Dataset) -> Path:
        """Where trials of this recipe and these rows are kept."""
        unselected = with_changes(self.recipe, {"data.select": None})
        asked = unselected.model_dump(mode="json", exclude={"data": set(WHO)})
        select = self.recipe.data.select
        shared = {} if select is None else select.model_dump(mode="json", exclude={"fraction"})
        key = digest([VERSION, asked, shared, data.hash])
        return self.store.home / "selections" / f"{self.recipe.name or 'model'}-{key[:8]}"

    def _check(self) -> None:
        bad = [fraction for fraction in self.fractions if not 0 < fraction <= 1]
        if bad or not self.fractions or self.seeds < 1:
            raise RecipeError(
                f"Fractions lie above 0 and go to 1, and there is at least one seed; asked for are "
                f"{', '.join(f'{value:g}' for value in self.fractions)} and {self.seeds} seeds.",
                where="--fractions, --seeds",
                fix="--fractions 0.05,0.2 --seeds 3",
            )

    def _names(self, row_type: str) -> list[str]:
        asked = list(self.selectors)
        for name in asked:
            refuse_unfit(name, SELECTORS[name], self.recipe, row_type)
        fitting = [n for n in SELECTORS if not unfit(SELECTORS[n], self.recipe, row_type)]
        return list(dict.fromkeys([BASELINE, *(asked or fitting)]))

    def _trials(self, row_type: str) -> Iterator[Trial]:
        """Whole seeds one after the other: what is there of a broken call can be compared."""
        names, first = self._names(row_type), self.recipe.seed
        for seed, fraction in product(range(first, first + self.seeds), self.fractions):
            for name in names if fraction < 1 else [ALL]:
                yield Trial(name, fraction, seed)

    def _try(self, trial: Trial, path: Path) -> Tried:
        """Train and measure; a trial that cannot be trained fails alone, and is tried again."""
        recipe, began = self._recipe(trial), time.time()
        try:
            trained = train_recipe(recipe, self.store, self.listener, gate=TRIAL)
            model, data = trained.model, trained.data
            found = row_by_row(model, recipe, data, self.store, self.listener)
        except Stopped:
            raise
        except TunefulError as error:
            return Tried(trial, note=error.message)
        tried = Tried(
            trial,
            data.num_rows("train"),
            int(model.manifest["measured"]["tokens"]),
            time.time() - began,
            found.metric,
            found.statistics_NK.tolist(),
            folders=[str(model.path.resolve()), str(model.manifest["run"])],
        )
        write_json(path, asdict(tried))
        _throw_away(tried)
        return tried

    def _recipe(self, trial: Trial) -> Recipe:
        """The recipe of a trial: the split stays, the selector's shared settings too."""
        recipe = self.recipe
        select = recipe.data.select
        settings: dict[str, Any] = {}
        if select is not None:
            is_same = select.name == trial.selector
            shared = None if is_same else {"encoder", "keep_shares"}
            settings = select.model_dump(mode="json", include=shared)
        settings |= {"name": trial.selector, "fraction": trial.fraction}
        seed = recipe.seed if recipe.data.seed is None else recipe.data.seed
        changes = {
            "name": f"{OF_TRIAL}{recipe.name or 'model'}-{trial.key}",
            "seed": trial.seed,
            "data.seed": seed,
            "data.select": None if trial.selector == ALL else settings,
        }
        return with_changes(recipe, changes)


def _read(path: Path) -> Tried:
    values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    values["trial"] = Trial(**values["trial"])
    return Tried(**values)


def _throw_away(tried: Tried) -> None:
    """Remove a trial's weights and run; those of other names are somebody else's."""
    for folder in map(Path, tried.folders):
        if OF_TRIAL in folder.name and folder.exists():
            remove(folder)
