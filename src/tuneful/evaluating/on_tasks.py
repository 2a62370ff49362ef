"""What base and tuned model do on tasks: beside the gain, what else has changed."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from tuneful.core.artifact import digest, write_json
from tuneful.core.errors import DataError
from tuneful.core.report import Finding, Level, Table
from tuneful.evaluating.sandbox_open import about_sandbox
from tuneful.evaluating.tasks import find_asked
from tuneful.evaluating.tasks.asking import ask, judged
from tuneful.evaluating.tasks.reading import NO_DRAWS
from tuneful.evaluating.tasks.task import Draws
from tuneful.grading.sandbox import not_enforced
from tuneful.methods import METHODS
from tuneful.models.predict import load_predictor
from tuneful.models.references import locate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tuneful.core.events import Listener
    from tuneful.core.report import Cell
    from tuneful.core.store import Store
    from tuneful.evaluating.tasks import AnyTask
    from tuneful.models.model import Model
    from tuneful.models.predict import Chatter
    from tuneful.recipe.schema import Recipe

VERSION = 2  # 2: what was said is kept by line


def check_tasks(recipe: Recipe) -> list[AnyTask]:
    """Read all tasks that the recipe asks for.

    Raises:
        DataError: The method makes no model that speaks, a task's rows cannot be used, or one is
            asked twice.
        RecipeError: A task's file says what a task cannot.
        UnknownName: There is no such task.
    """
    tasks = [find_asked(asked, _draws(recipe)) for asked in recipe.evaluate.tasks]
    if tasks and METHODS[recipe.method.name].head != "tokens":
        raise DataError(
            f"Tasks ask a model that speaks, and {recipe.method.name} makes none.",
            where="evaluate.tasks",
            fix="Remove them.",
        )
    labels = [name for task in tasks for name in task.names]
    twice = sorted({label for label in labels if labels.count(label) > 1})
    if twice:
        raise DataError(
            f"The task {twice[0]} is asked twice.", where="evaluate.tasks", fix="Remove one."
        )
    return tasks


def _draws(recipe: Recipe) -> Draws:
    asked = recipe.evaluate
    return Draws(asked.samples, asked.temperature, recipe.seed) if asked.samples > 1 else NO_DRAWS


def ask_tasks(
    model: Model, recipe: Recipe, store: Store, listener: Listener
) -> dict[str, dict[str, Any]]:
    """Each task's score, of the tuned model and, where the recipe asks for it, of its base.

    A task that its own answers do not prove is not asked; its findings are in its place.
    """
    found: dict[str, dict[str, Any]] = {}
    walls: dict[str, dict[str, Any]] = {}
    proved: list[AnyTask] = []
    for task in check_tasks(recipe):
        walls[task.label] = {"sandbox_open": list(not_enforced())} if task.runs_code else {}
        failed = [finding.to_json() for finding in task.prove()]
        if failed:
            found[task.label] = {**task.facts, "failed": failed}
        else:
            proved.append(task)
    if not proved:
        return found
    tuned = cast("Chatter", load_predictor(model.path, store, listener=listener))
    said = [ask(task, tuned, listener) for task in proved]
    bases = _ask_base(model, recipe, proved, store, listener) if recipe.evaluate.base else []
    for at, task in enumerate(proved):
        for line, values in said[at].items():
            base = bases[at][line] if bases else None
            facts = {**task.facts, **walls[task.label]}
            known = judged(task, line, (values, base), recipe.evaluate.resamples, recipe.seed)
            found[line] = facts | known
    return found


def _ask_base(
    model: Model, recipe: Recipe, tasks: Sequence[AnyTask], store: Store, listener: Listener
) -> list[dict[str, list[Any]]]:
    """Ask the untuned model; what it says is kept, for it is the same in every run."""
    folder = locate(recipe.model, store, listener).folder
    paths = [
        store.home / "predictions" / f"{digest([VERSION, str(folder), task.hash])[:16]}.json"
        for task in tasks
    ]
    missing = [at for at, path in enumerate(paths) if not path.exists()]
    if missing:
        base = load_predictor(recipe.model, store, listener=listener)
        alike: Any = replace(base, max_length=model.max_length)
        store.home.joinpath("predictions").mkdir(parents=True, exist_ok=True)
        for at in missing:
            write_json(paths[at], {"said": ask(tasks[at], alike, listener)})
    return [json.loads(path.read_text(encoding="utf-8"))["said"] for path in paths]


def tasks_table(known: Mapping[str, Mapping[str, Any]], show: Any) -> Table:
    """A line for each number of a task that was asked; `show` writes it with its interval."""
    rows: list[list[Cell]] = []
    for name, task in known.items():
        if "failed" in task:
            continue
        base, apart, share = task["base"], task["difference"], task.get("is_share", True)
        cells: list[Cell] = [show(base, is_share=share) if base else None]
        cells += [show(task["tuned"], is_share=share)]
        cells += [show(apart, is_share=share, sign=True) if apart else None]
        rows.append([name, f"{task['rows']:,}", *cells])
    columns = ["task", "questions", "base", "tuned", "difference"]
    note = "Questions answered right, or a metric of lm-eval; the model was not tuned for them."
    return Table("Tasks", columns, rows, note)


def about_tasks(known: Mapping[str, Mapping[str, Any]]) -> Iterator[Finding]:
    """What a task's own answers do not prove, and what has become worse."""
    for name, task in known.items():
        for failed in task.get("failed", ()):
            yield Finding.from_json(failed)
        yield from about_sandbox(task)
        apart = task.get("difference")
        if not apart or not _is_worse(task, apart):
            continue
        share = task.get("is_share", True)
        low, value, high = (
            format(apart[key], "+.1%" if share else "+.3g") for key in ("low", "value", "high")
        )
        yield Finding(
            Level.WARNING,
            "task-worse",
            f"{name} is answered right less often than before tuning."
            if share
            else f"{name} is worse than before tuning.",
            evidence=f"{value} [{low}, {high}] of {task['rows']:,} questions",
            fix="Lower train.learning_rate, use adapter: lora, or set remember.replay, kl or "
            "wise_ft.",
            where="remember",
        )


def _is_worse(task: Mapping[str, Any], apart: Mapping[str, float]) -> bool:
    """Whether the whole interval lies on the wrong side."""
    return apart["low"] > 0 if task.get("better") == "lower" else apart["high"] < 0
