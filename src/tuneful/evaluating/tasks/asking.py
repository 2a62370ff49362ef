"""Ask a model a task, and say how sure what came of it is.

Shapes: N questions.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from tuneful.core.events import Event
from tuneful.evaluating.bootstrap import compare
from tuneful.evaluating.metrics.base import Weighed
from tuneful.evaluating.tasks.harness import HarnessTask
from tuneful.evaluating.tasks.task import Score
from tuneful.models.chat import Talk
from tuneful.models.draws import draw_answers
from tuneful.models.generate import Sampling

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from tuneful.core.events import Listener
    from tuneful.evaluating.tasks.task import Task
    from tuneful.models.predict import Chatter

MOST_RESAMPLES = 1_000
"""Of what is no mean: a Python function is called for each."""


def ask(task: Task | HarnessTask, predictor: Chatter, listener: Listener) -> dict[str, list[Any]]:
    """For each line of the report what every question gave."""
    if isinstance(task, HarnessTask):
        return task.ask(predictor, listener)
    return {task.label: right(task, predictor, listener).tolist()}


def judged(
    task: Task | HarnessTask,
    line: str,
    both: tuple[Sequence[Any], Sequence[Any] | None],
    resamples: int,
    seed: int = 0,
) -> dict[str, Any]:
    """A line's number for the tuned model and its base, with intervals and their difference."""
    import numpy as np

    tuned, base = both
    if isinstance(task, HarnessTask):
        metric, tuned_NK, base_NK = task.judged(line, tuned, base)
        better = task.better(line)
    else:
        metric, better = Score(), "higher"
        tuned_NK = np.array(tuned)[:, None]
        base_NK = None if base is None else np.array(base)[:, None]
    most = min(resamples, MOST_RESAMPLES) if isinstance(metric, Weighed) else resamples
    said = compare(metric, tuned_NK, base_NK, most, seed)
    return {"rows": len(tuned), "is_share": metric.is_share, "better": better} | asdict(said)


def right(task: Task, predictor: Chatter, listener: Listener) -> NDArray[np.float64]:
    """1 for each question that the model answers right: [N]."""

    def told(done: int) -> None:
        facts = {"stage": "evaluate", "done": done, "total": total, "unit": "answers"}
        listener(Event("progress", facts | {"text": f"task {task.label}"}))

    if not task.is_choice:
        total = len(task.items)
        return task.scores(_answers(task, predictor, told), task.items)
    rows = [item.answered(text) for item in task.items for text in (item.gold, *item.wrong)]
    total = len(rows)
    said = [logp / max(1, size) for logp, _, size in predictor.answer_logp(rows, told)]
    return _likeliest(said, [1 + len(item.wrong) for item in task.items])


def _answers(task: Task, predictor: Chatter, told: Callable[[int], None]) -> list[list[str]]:
    """To each question the likeliest answer, or as many as are drawn."""
    talks, longest, draws = (
        [Talk(item.prompt) for item in task.items],
        task.file.max_new_tokens,
        task.draws,
    )
    if draws.num == 1:
        return [[answer] for answer in predictor.answers(talks, longest, told)]
    how = Sampling(longest, draws.temperature, num_answers=draws.num, seed=draws.seed)
    return draw_answers(predictor, talks, how, told)


def _likeliest(logp: Sequence[float], sizes: Sequence[int]) -> NDArray[np.float64]:
    """Whether the first of each group is likelier than all others: [N]."""
    import numpy as np

    ends = np.cumsum(sizes)
    groups = [logp[end - size : end] for end, size in zip(ends, sizes, strict=True)]
    return np.array([float(first > max(others)) for first, *others in groups])
