"""From a recipe to a model: looked ahead, mended if asked, trained or found done."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuneful.core.artifact import write_json
from tuneful.core.errors import ModelError
from tuneful.core.events import Event, ignore
from tuneful.core.store import Store
from tuneful.evaluating.evaluate import check_metrics
from tuneful.evaluating.on_tasks import check_tasks
from tuneful.models.model import Model
from tuneful.models.references import locate
from tuneful.planning.plan import Plan
from tuneful.recipe.change import with_changes
from tuneful.recipe.origins import Written
from tuneful.training.inspection import inspect_rows, inspect_run
from tuneful.training.train import finished_model, open_run
from tuneful.training.train import train as train_run
from tuneful.workflow.gate import CAREFUL, Gate, bad, mending, refuse
from tuneful.workflow.stages import plan as make_plan
from tuneful.workflow.stages import prepare, staged

if TYPE_CHECKING:
    from tuneful.core.events import Listener
    from tuneful.core.report import Report
    from tuneful.data.dataset import Dataset
    from tuneful.recipe.schema import Recipe

MOST_ROUNDS = 4
"""A mended recipe is checked again, and what that finds is mended once more, so often at most."""


@dataclass(frozen=True)
class Trained:
    """A model and everything it was made from.

    Attributes:
        recipe: As trained: mended, where `changes` says so.
        changes: Recipe keys that --fix changed, and their new values.
        was_done: Whether an earlier run had made the model already.
    """

    recipe: Recipe
    data: Dataset
    plan: Plan
    model: Model
    changes: dict[str, Any] = field(default_factory=dict[str, Any])
    was_done: bool = False


def train(
    recipe: Recipe,
    data: Dataset | None = None,
    plan: Plan | None = None,
    *,
    store: Store | None = None,
    listener: Listener = ignore,
    gate: Gate = CAREFUL,
) -> Model:
    """Check, then train; rows and plan are made where they are not given.

    What an earlier call made of the same recipe and rows is returned as it is, and an unfinished
    run of them goes on.

    Raises:
        Refused: A check found what `gate` does not let pass; carries the report.
        RunError: Training diverged, the disk is full, or another process works on the run.
        Stopped: A signal came; the same call continues.
    """
    place = store or Store.default()
    if data is None:
        return train_recipe(recipe, place, listener, gate=gate).model
    done = finished_model(recipe, data, place)
    if done is not None:
        return done
    planned = plan or make_plan(recipe, data, store=place, listener=listener)
    report = _inspected(recipe, data, planned, place, listener)
    return _trained(_Ahead(recipe, data, report, planned), place, listener, gate, Written()).model


def train_recipe(
    recipe: Recipe,
    store: Store,
    listener: Listener = ignore,
    *,
    gate: Gate = CAREFUL,
    written: Written | None = None,
) -> Trained:
    """Prepare, plan, check, mend what `gate` lets be mended, then train.

    Args:
        recipe: What to train.
        store: Where data sets, models and runs live.
        listener: Hears of progress.
        gate: What the checks' findings may do.
        written: How the recipe was written, for the run folder.

    Raises:
        Refused: A check found what `gate` does not let pass; carries the report.
        RunError: Training diverged, the disk is full, or another process works on the run.
        Stopped: A signal came; the same call continues.
    """
    found = _mended(recipe, store, listener, gate)
    if isinstance(found, Trained):
        return found
    return _trained(found, store, listener, gate, written or Written())


@dataclass(frozen=True)
class _Ahead:
    """What was found before training, and the plan if it came to one."""

    recipe: Recipe
    data: Dataset
    report: Report
    plan: Plan | None = None
    changes: dict[str, Any] = field(default_factory=dict[str, Any])


def _trained(
    found: _Ahead, store: Store, listener: Listener, gate: Gate, written: Written
) -> Trained:
    """Train what was looked at, unless the findings stop it."""
    refuse(found.report, gate)
    _tell(found.report, listener)
    recipe, data = found.recipe, found.data
    planned = found.plan or make_plan(recipe, data, store=store, listener=listener)
    run = open_run(recipe, data, planned, store, written.changed(found.changes))
    write_json(run.reports / "preflight.json", found.report.to_json())
    model = staged(
        "train", listener, lambda: train_run(run, recipe, data, planned, store, listener)
    )
    return Trained(recipe, data, planned, model, found.changes)


def _mended(recipe: Recipe, store: Store, listener: Listener, gate: Gate) -> _Ahead | Trained:
    """Look ahead; as long as findings carry changes that may be made, make them and look again."""
    changes: dict[str, Any] = {}
    for _ in range(MOST_ROUNDS):
        found = _look_ahead(recipe, store, listener, gate)
        change = mending(found.report, gate, changes) if isinstance(found, _Ahead) else {}
        if not change:
            return replace(found, changes=changes)
        changes |= change
        recipe = with_changes(recipe, change)
        words = ", ".join(f"{key}: {value}" for key, value in change.items())
        listener(Event("message", {"text": f"mended {words}"}))
    return replace(_look_ahead(recipe, store, listener, gate), changes=changes)


def _look_ahead(recipe: Recipe, store: Store, listener: Listener, gate: Gate) -> _Ahead | Trained:
    """Find the model done; or check rows, plan, check the run. Hopeless rows fetch no model."""
    check_metrics(recipe)
    check_tasks(recipe)
    data = prepare(recipe, store=store, listener=listener)
    report = inspect_rows(recipe, data)
    if bad(report, gate):
        return _Ahead(recipe, data, report)
    done = finished_model(recipe, data, store)
    if done is not None:
        facts = {"stage": "train", "status": "reused", "artifact": str(done.path)}
        listener(Event("stage", facts))
        path = Path(str(done.manifest["run"])) / "plan.json"
        known = path.exists()  # a run's folder may be removed once its model is made
        planned = _read_plan(path) if known else make_plan(recipe, data, store=store)
        return Trained(recipe, data, planned, done, was_done=True)
    probes = gate.inspects
    planned = make_plan(recipe, data, store=store, listener=listener, probes=probes)
    if not gate.inspects:
        return _Ahead(recipe, data, report, planned)
    return _Ahead(recipe, data, _inspected(recipe, data, planned, store, listener), planned)


def _inspected(
    recipe: Recipe, data: Dataset, plan: Plan, store: Store, listener: Listener
) -> Report:
    check = partial(inspect_run, recipe, data, plan, store, listener)
    return staged("check", listener, check)


def _read_plan(path: Path) -> Plan:
    return Plan.from_json(json.loads(path.read_text(encoding="utf-8")))


def find_model(
    recipe: Recipe,
    data: Dataset,
    store: Store,
    reference: str | None = None,
    listener: Listener = ignore,
) -> Model:
    """The model that a reference names, or else the newest one of this recipe and data.

    Raises:
        ModelError: There is none, or it was not trained by Tuneful.
    """
    if reference is not None:
        located = locate(reference, store, listener)
        if located.is_tuned:
            return Model.open(located.folder)
        raise ModelError(
            f"{reference} was not trained by Tuneful.",
            where=str(located.folder),
            fix="Name a folder in models/ of the store, or run:name.",
        )
    found = finished_model(recipe, data, store)
    if found is None:
        raise ModelError(
            "This recipe has not been trained on these rows.",
            where=str(store.models),
            fix="tuneful train first, or name a model: --model FOLDER.",
        )
    return found


def _tell(report: Report, listener: Listener) -> None:
    for finding in report.findings:
        listener(Event("finding", finding.to_json()))
