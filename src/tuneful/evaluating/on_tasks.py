"""What base and tuned model do on tasks: beside the gain, what else has changed.

Shapes: N questions.
"""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any, cast

from tuneful.core.artifact import digest, write_json
from tuneful.core.errors import DataError
from tuneful.core.events import Event
from tuneful.core.report import Finding, Level, Table
from tuneful.evaluating.bootstrap import compare
from tuneful.evaluating.tasks import find_task
from tuneful.evaluating.tasks.task import Score
from tuneful.methods import METHODS
from tuneful.models.chat import Talk
from tuneful.models.predict import load_predictor
from tuneful.models.references import locate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from tuneful.core.events import Listener
    from tuneful.core.report import Cell
    from tuneful.core.store import Store
    from tuneful.evaluating.tasks.task import Task
    from tuneful.models.model import Model
    from tuneful.models.predict import Chatter
    from tuneful.recipe.schema import Recipe

VERSION = 1


def check_tasks(recipe: Recipe) -> list[Task]:
    """Read all tasks that the recipe asks for.

    Raises:
        DataError: The method makes no model that speaks, or a task's rows cannot be used.
        RecipeError: A task's file says what a task cannot.
        UnknownName: There is no such task.
    """
    tasks = [find_task(reference) for reference in recipe.evaluate.tasks]
    if tasks and METHODS[recipe.method.name].head != "tokens":
        raise DataError(
            f"Tasks ask a model that speaks, and {recipe.method.name} makes none.",
            where="evaluate.tasks",
            fix="Remove them.",
        )
    return tasks


def ask_tasks(
    model: Model, recipe: Recipe, store: Store, listener: Listener
) -> dict[str, dict[str, Any]]:
    """Each task's score, of the tuned model and, where the recipe asks for it, of its base.

    A task that its own answers do not prove is not asked; its findings are in its place.
    """
    tasks = check_tasks(recipe)
    found: dict[str, dict[str, Any]] = {}
    proved: list[Task] = []
    for task in tasks:
        known = {"about": task.file.about, "rows": len(task.items), "metric": task.file.metric}
        failed = [finding.to_json() for finding in task.prove()]
        found[task.file.name] = known | ({"failed": failed} if failed else {})
        proved += [] if failed else [task]
    if not proved:
        return found
    tuned = cast("Chatter", load_predictor(model.path, store, listener=listener))
    scores = [right(task, tuned, listener) for task in proved]
    bases = _ask_base(model, recipe, proved, store, listener) if recipe.evaluate.base else []
    score = Score()
    for at, task in enumerate(proved):
        tuned_N1 = score.statistics(scores[at])
        base_N1 = score.statistics(bases[at]) if bases else None
        said = compare(score, tuned_N1, base_N1, recipe.evaluate.resamples, recipe.seed)
        found[task.file.name] |= asdict(said)
    return found


def right(task: Task, predictor: Chatter, listener: Listener) -> NDArray[np.float64]:
    """1 for each question that the model answers right: [N]."""

    def told(done: int) -> None:
        facts = {"stage": "evaluate", "done": done, "total": total, "unit": "answers"}
        listener(Event("progress", facts | {"text": f"task {task.file.name}"}))

    if not task.is_choice:
        total = len(task.items)
        talks = [Talk(item.prompt) for item in task.items]
        answers = predictor.answers(talks, task.file.max_new_tokens, told)
        return task.scores(answers, task.items)
    rows = [item.answered(text) for item in task.items for text in (item.gold, *item.wrong)]
    total = len(rows)
    said = [logp / max(1, size) for logp, _, size in predictor.answer_logp(rows, told)]
    return _likeliest(said, [1 + len(item.wrong) for item in task.items])


def _likeliest(logp: Sequence[float], sizes: Sequence[int]) -> NDArray[np.float64]:
    """Whether the first of each group is likelier than all others: [N]."""
    import numpy as np

    ends = np.cumsum(sizes)
    groups = [logp[end - size : end] for end, size in zip(ends, sizes, strict=True)]
    return np.array([float(first > max(others)) for first, *others in groups])


def _ask_base(
    model: Model, recipe: Recipe, tasks: Sequence[Task], store: Store, listener: Listener
) -> list[NDArray[np.float64]]:
    """Ask the untuned model; what it scores is kept, for it is the same in every run."""
    import numpy as np

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
            write_json(paths[at], {"said": right(tasks[at], alike, listener).tolist()})
    return [np.array(json.loads(path.read_text(encoding="utf-8"))["said"]) for path in paths]


def tasks_table(known: Mapping[str, Mapping[str, Any]], show: Any) -> Table:
    """A line for each task that was asked; `show` writes a value with its interval."""
    rows: list[list[Cell]] = []
    for name, task in known.items():
        if "failed" in task:
            continue
        base, apart = task["base"], task["difference"]
        cells: list[Cell] = [show(base, is_share=True) if base else None]
        cells += [show(task["tuned"], is_share=True)]
        cells += [show(apart, is_share=True, sign=True) if apart else None]
        rows.append([name, f"{task['rows']:,}", *cells])
    columns = ["task", "questions", "base", "tuned", "difference"]
    return Table(
        "Tasks", columns, rows, "Questions answered right; the model was not tuned for them."
    )


def about_tasks(known: Mapping[str, Mapping[str, Any]]) -> Iterator[Finding]:
    """What a task's own answers do not prove, and what has become worse."""
    for name, task in known.items():
        for failed in task.get("failed", ()):
            yield Finding.from_json(failed)
        apart = task.get("difference")
        if apart and apart["high"] < 0:
            yield Finding(
                Level.WARNING,
                "task-worse",
                f"{name} is answered right less often than before tuning.",
                evidence=f"{apart['value']:+.1%} [{apart['low']:.1%}, {apart['high']:.1%}] of "
                f"{task['rows']:,} questions",
                fix="Lower train.learning_rate, use adapter: lora, or set remember.replay, kl or "
                "wise_ft.",
                where="remember",
            )
