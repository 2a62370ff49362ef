"""The stages in order: what each needs and makes; what is done is not done again."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from tuneful.auditing.card import write_card
from tuneful.core.artifact import write_json
from tuneful.core.errors import ModelError, Refused
from tuneful.core.events import Event, ignore
from tuneful.core.report import Level, Report
from tuneful.core.run import Run
from tuneful.core.store import Store
from tuneful.data.prepare import prepare as prepare_data
from tuneful.evaluating.evaluate import evaluate as evaluate_model
from tuneful.evaluating.evaluate import kept_evaluation
from tuneful.models.model import Model
from tuneful.models.references import locate
from tuneful.planning.plan import Plan
from tuneful.planning.plan import plan as plan_run
from tuneful.recipe.change import with_changes
from tuneful.training.inspection import inspect_rows, inspect_run
from tuneful.training.timing import make_probe
from tuneful.training.train import finished_model, open_run
from tuneful.training.train import train as train_run

if TYPE_CHECKING:
    from collections.abc import Callable

    from tuneful.core.events import Listener
    from tuneful.core.report import Finding
    from tuneful.data.dataset import Dataset
    from tuneful.recipe.schema import Recipe

T = TypeVar("T")
MOST_ROUNDS = 4
"""A mended recipe is checked again, and what that finds is mended once more, so often at most."""


@dataclass(frozen=True)
class Gate:
    """What the checks before training may do.

    Attributes:
        fail_on: Findings of this level or above stop the work; None lets everything pass.
        fix: Apply the changes that findings carry, then check again.
    """

    fail_on: Level | None = Level.ERROR
    fix: bool = False


CAREFUL = Gate()


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


@dataclass(frozen=True)
class Outcome:
    """What a whole run came to."""

    trained: Trained
    report: Report
    seconds: float


def prepare(recipe: Recipe, store: Store | None = None, listener: Listener = ignore) -> Dataset:
    """Turn the recipe's source into a data set: format, checks, split, rows on disk.

    Raises:
        DataError: The source cannot be read as what it is said to be.
    """
    place = store or Store.default()
    return _staged("prepare", listener, lambda: prepare_data(recipe, place, listener))


def plan(
    recipe: Recipe,
    data: Dataset | None = None,
    store: Store | None = None,
    listener: Listener = ignore,
) -> Plan:
    """Settle every "auto" and foresee steps, memory, time and cost.

    Raises:
        ModelError: The model is not to be found or read.
        DataError: The rows do not fit the method, or there are none.
    """
    place = store or Store.default()
    rows = data or prepare(recipe, place, listener)
    probe = make_probe(recipe, rows, place, listener)
    return _staged("plan", listener, lambda: plan_run(recipe, rows, place, listener, probe))


def train(
    recipe: Recipe,
    store: Store | None = None,
    listener: Listener = ignore,
    *,
    gate: Gate = CAREFUL,
    text: str = "",
) -> Trained:
    """Prepare, plan, check, then train. An unfinished run of the same recipe goes on.

    Args:
        recipe: What to train.
        store: Where data sets, models and runs live.
        listener: Hears of progress.
        gate: What the checks' findings may do.
        text: The recipe file as written, comments and all, for the run folder.

    Raises:
        Refused: A check found what `gate` does not let pass; carries the report.
        RunError: Training diverged, the disk is full, or another process works on the run.
        Stopped: A signal came; the same call continues.
    """
    place = store or Store.default()
    changes: dict[str, Any] = {}
    for _ in range(MOST_ROUNDS):
        data = prepare(recipe, place, listener)
        found = _look_ahead(recipe, data, place, listener, gate)
        if isinstance(found, Trained):
            return replace(found, changes=changes)
        mending = _mending(found.report, gate, changes)
        if not mending:
            break
        changes |= mending
        recipe, text = with_changes(recipe, mending), ""
        words = ", ".join(f"{key}: {value}" for key, value in mending.items())
        listener(Event("message", {"text": f"mended {words}"}))
    _refuse(found.report, gate)
    _tell(found.report, listener)
    planned = found.plan or plan(recipe, data, place, listener)
    run = open_run(recipe, data, planned, place, text)
    write_json(run.reports / "preflight.json", found.report.to_json())
    model = _staged(
        "train", listener, lambda: train_run(run, recipe, data, planned, place, listener)
    )
    return Trained(recipe, data, planned, model, changes)


@dataclass(frozen=True)
class _Ahead:
    """What the checks found, and the plan if it came to one."""

    report: Report
    plan: Plan | None = None


def _look_ahead(
    recipe: Recipe, data: Dataset, store: Store, listener: Listener, gate: Gate
) -> _Ahead | Trained:
    """Find the model done; or check rows, plan, check the run. Hopeless rows fetch no model."""
    report = inspect_rows(recipe, data)
    if _bad(report, gate):
        return _Ahead(report)
    done = finished_model(recipe, data, store)
    if done is not None:
        facts = {"stage": "train", "status": "reused", "artifact": str(done.path)}
        listener(Event("stage", facts))
        return Trained(recipe, data, _plan_of(done), done, was_done=True)
    planned = plan(recipe, data, store, listener)
    check = partial(inspect_run, recipe, data, planned, store, listener)
    return _Ahead(_staged("check", listener, check), planned)


def _plan_of(model: Model) -> Plan:
    """The plan that a model was trained by."""
    text = (Path(str(model.manifest["run"])) / "plan.json").read_text(encoding="utf-8")
    return Plan.from_json(json.loads(text))


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


def evaluate(
    model: Model,
    recipe: Recipe,
    data: Dataset,
    store: Store | None = None,
    listener: Listener = ignore,
) -> Report:
    """Measure a model and its base on the same test rows, and write its card.

    Raises:
        ModelError: The model or its base cannot be loaded.
    """
    place = store or Store.default()
    kept = kept_evaluation(model, recipe, data)
    if kept is not None:
        listener(
            Event("stage", {"stage": "evaluate", "status": "reused", "artifact": str(model.path)})
        )
        return kept
    report = _staged(
        "evaluate", listener, lambda: evaluate_model(model, recipe, data, place, listener)
    )
    _staged("card", listener, lambda: write_card(model, recipe, data, report))
    folder = Path(str(model.manifest["run"]))
    if folder.exists():
        write_json(Run(folder).reports / "evaluation.json", report.to_json())
    return report


def run(
    recipe: Recipe,
    store: Store | None = None,
    listener: Listener = ignore,
    *,
    gate: Gate = CAREFUL,
    text: str = "",
) -> Outcome:
    """The whole way: prepare, plan, check, train, evaluate, card.

    Raises:
        Refused: A check found what `gate` does not let pass.
        TunefulError: As the stages raise it.
    """
    began = time.time()
    place = store or Store.default()
    trained = train(recipe, place, listener, gate=gate, text=text)
    report = evaluate(trained.model, trained.recipe, trained.data, place, listener)
    return Outcome(trained, report, time.time() - began)


def _mending(report: Report, gate: Gate, known: dict[str, Any]) -> dict[str, Any]:
    """Recipe changes to make now: those of findings that would stop the work."""
    if not gate.fix:
        return {}
    level = gate.fail_on or Level.ERROR
    wanted = {
        key: value
        for finding in report.findings
        if finding.level >= level
        for key, value in finding.change.items()
    }
    return {key: value for key, value in wanted.items() if known.get(key, ...) != value}


def _tell(report: Report, listener: Listener) -> None:
    for finding in report.findings:
        listener(Event("finding", finding.to_json()))


def _bad(report: Report, gate: Gate) -> list[Finding]:
    if gate.fail_on is None:
        return []
    return [finding for finding in report.findings if finding.level >= gate.fail_on]


def _refuse(report: Report, gate: Gate) -> None:
    bad = _bad(report, gate)
    if not bad or gate.fail_on is None:
        return
    can_mend = any(finding.change for finding in bad)
    raise Refused(
        f"{len(bad)} finding{'s' if len(bad) > 1 else ''} of level {gate.fail_on.word} or above: "
        + ", ".join(finding.code for finding in bad),
        report=report,
        fix="Run it again with --fix to mend what a machine can, or change the recipe as each "
        "finding says."
        if can_mend
        else "Change the recipe or the data as each finding says.",
    )


def _staged(stage: str, listener: Listener, work: Callable[[], T]) -> T:
    listener(Event("stage", {"stage": stage, "status": "began"}))
    began = time.time()
    result = work()
    facts = {"stage": stage, "status": "done", "seconds": time.time() - began}
    listener(Event("stage", facts))
    return result
