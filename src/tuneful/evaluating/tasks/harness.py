"""Tasks of lm-evaluation-harness (EleutherAI), asked of our models.

"lm-eval:file.yaml" is a task's or a group's file, "lm-eval:folder/name" one of a folder, and
"lm-eval:name" one of those that come with lm-eval, whose rows the hub has. A group's tasks stand
each by itself. A task's file may name Python code (!function), which is then run; tasks that run
programs which a model wrote are refused, since lm-eval has no sandbox for them.
"""

from __future__ import annotations

import inspect
import io
import json
import logging
import sys
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from tuneful.core.artifact import digest
from tuneful.core.errors import DataError, UnknownName
from tuneful.core.events import Event, ignore
from tuneful.evaluating.tasks.reading import spread

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

    from tuneful.core.events import Listener
    from tuneful.core.report import Finding
    from tuneful.evaluating.metrics.base import Array, Metric
    from tuneful.models.predict import Chatter
    from tuneful.recipe.task import AskedTask

KIND = "lm-eval:"
VERSION = 1
FEWSHOT_SEED = 1234
"""lm-eval's own."""


@dataclass(frozen=True)
class HarnessTask:
    """A task of lm-eval, or a group of them.

    Attributes:
        label: As the recipe has it.
        parts: lm-eval's tasks by name.
        chosen: Of each, numbers of the questions that are asked.
        in_template: Whether questions stand in the model's chat template.
    """

    label: str
    parts: Mapping[str, Any]
    chosen: Mapping[str, Sequence[int]]
    in_template: bool

    @property
    def names(self) -> list[str]:
        """Of what is measured."""
        return list(self.parts)

    @property
    def runs_code(self) -> bool:
        """No: such tasks are refused."""
        return False

    @property
    def hash(self) -> str:
        """Of all that decides what it measures."""
        import lm_eval

        said = [VERSION, lm_eval.__version__, self.in_template]
        for name, part in self.parts.items():
            rows = [part.eval_docs[at] for at in self.chosen[name]]
            shown = list(part.fewshot_docs()) if part.config.num_fewshot else []
            said += [name, part.dump_config(), rows, shown, _code_beside(part)]
        return digest(json.loads(json.dumps(said, default=_source)))

    @property
    def facts(self) -> dict[str, Any]:
        """For a report."""
        return {"about": f"lm-eval: {', '.join(self.parts)}", "metric": "lm-eval"}

    def prove(self) -> list[Finding]:
        """Nothing: such a task gives no wrong answers to be held against it."""
        return []

    def ask(self, chatter: Chatter, listener: Listener) -> dict[str, list[Any]]:
        """For each line (`LINE`) of the report what each question gave."""
        from lm_eval.evaluator import evaluate

        from tuneful.evaluating.tasks.harness_model import HarnessModel

        def told(done: int, total: int) -> None:
            facts = {"stage": "evaluate", "done": done, "total": total, "unit": "answers"}
            aloud(Event("progress", facts | {"text": f"task {self.label}"}))

        model = HarnessModel(chatter, told)
        for part in self.parts.values():
            part.set_fewshot_seed(seed=FEWSHOT_SEED)  # each model is shown the same examples
        with _heard(listener) as aloud:
            known = cast("Any", evaluate)(
                lm=model,
                task_dict={"tasks": dict(self.parts), "groups": {}, "group_map": {}},
                samples={name: list(chosen) for name, chosen in self.chosen.items()},
                bootstrap_iters=0,
                log_samples=True,
                apply_chat_template=self.in_template,
                fewshot_as_multiturn=self.in_template,
            )
        if model.num_cut:
            text = (
                f"{self.label}: {model.num_cut:,} requests were longer than the model reads, and "
            )
            listener(Event("message", {"text": text + "lost their beginning"}))
        return _lines(known["samples"])

    def judged(
        self, line: str, tuned: Sequence[Any], base: Sequence[Any] | None
    ) -> tuple[Metric, Array, Array | None]:
        """A line's metric, and what both models' values are to it."""
        from tuneful.evaluating.tasks.harness_metrics import metric_of

        part, name = self._of(line)
        return metric_of(part.aggregation().get(name), tuned, base)

    def better(self, line: str) -> str:
        """Which way a line's number should go."""
        part, name = self._of(line)
        return "higher" if part.higher_is_better().get(name, True) else "lower"

    def _of(self, line: str) -> tuple[Any, str]:
        task = max((name for name in self.parts if line.startswith(f"{name} ")), key=len)
        return self.parts[task], line.removeprefix(f"{task} ").partition(" ")[0]


def read_harness(asked: AskedTask) -> HarnessTask:
    """A task of lm-eval, with its rows.

    Raises:
        DataError: lm-eval is not installed, the task or its rows cannot be read, or it asks for
            what is not done here.
        UnknownName: There is no such task.
    """
    if asked.metric:
        raise DataError(
            f"{asked.name} is judged by the metrics of its own file.",
            where="evaluate.tasks: metric",
            fix="Remove metric, or change the task's metric_list.",
        )
    place = asked.name.removeprefix(KIND)
    path = Path(place).expanduser()
    parts = _load(place, path.stat().st_mtime_ns if path.is_file() else 0)
    chosen = {name: spread(len(part.eval_docs), asked.take) for name, part in parts.items()}
    return HarnessTask(asked.name, parts, chosen, asked.chat)


@cache
def _load(place: str, changed: int) -> dict[str, Any]:
    """lm-eval's tasks by name; read once for all that ask, until the file changes."""
    del changed
    try:
        from lm_eval.tasks import TaskManager
    except ModuleNotFoundError:
        raise DataError(
            "Tasks of lm-eval need lm-evaluation-harness, which is not installed.",
            where=f"evaluate.tasks: {KIND}{place}",
            fix="pip install 'tuneful[lmeval]'",
        ) from None
    where = f"evaluate.tasks: {KIND}{place}"
    name, folder = _place(place)
    try:
        with _heard():
            # What comes with lm-eval is 13,000 files: seconds, where they are not asked for.
            own = folder is None and not Path(name).is_file()
            manager = TaskManager(include_path=folder, include_defaults=own)
            if not Path(name).is_file() and name not in manager.all_tasks:
                raise _unknown(name, folder, manager.all_tasks, where)
            parts = cast("dict[str, Any]", manager.load([name])["tasks"])
    except (ValueError, TypeError, LookupError, OSError, ImportError) as error:
        said = str(error).strip().splitlines()
        raise DataError(
            f"lm-eval cannot load the task: {said[0] if said else type(error).__name__}",
            where=where,
            fix="Try it alone: lm-eval validate --tasks FILE. Paths of rows count from the folder "
            "where the command runs.",
        ) from error
    for part in parts.values():
        _check(part, where)
    return parts


def _unknown(name: str, folder: str | None, known: Sequence[str], where: str) -> UnknownName:
    close = get_close_matches(name, known, n=1)
    there = f"There are {', '.join(known)}." if folder and known else "Give the path of its file."
    return UnknownName(
        f"lm-eval has no task {name!r}{f' in {folder}' if folder else ''}.",
        where=where,
        fix=f"Did you mean {close[0]}?" if close else there,
    )


def _place(place: str) -> tuple[str, str | None]:
    """What lm-eval is asked for, and the folder whose tasks it has to know for that."""
    path = Path(place).expanduser()
    if path.is_file():
        is_group = path.read_text(encoding="utf-8").lstrip().startswith("group:")
        return str(path), str(path.parent) if is_group else None
    if path.parent.is_dir() and "/" in place:
        return path.name, str(path.parent)
    return place, None


def _check(part: Any, where: str) -> None:
    for is_so, what in (
        (getattr(part, "UNSAFE_CODE", False), "runs programs that a model wrote, unguarded"),
        (getattr(part, "MULTIMODAL", False), "shows pictures"),
    ):
        if is_so:
            raise DataError(f"The task {part.task_name} {what}.", where=where, fix="Leave it out.")
    if part.config.num_fewshot is None:
        part.set_config(key="num_fewshot", value=0)


def _code_beside(part: Any) -> list[str]:
    """Python files in the folder of a task's file, which it may call."""
    known = cast("dict[str, Any]", part.config.metadata or {})
    if not known.get("config_source"):
        return []
    folder = Path(str(known["config_source"])).parent
    return [path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.py"))]


def _source(value: object) -> str:
    """A function as its text: its address would be another one each time."""
    try:
        return inspect.getsource(cast("Any", value))
    except (TypeError, OSError):
        return str(value)


def _lines(samples: Mapping[str, list[dict[str, Any]]]) -> dict[str, list[Any]]:
    """Values by "task metric", with the filter behind where a task has several."""
    found: dict[str, list[Any]] = {}
    for task, rows in samples.items():
        filters = {row["filter"] for row in rows}
        for row in rows:
            for name in row["metrics"]:
                line = f"{task} {name}" + (f" {row['filter']}" if len(filters) > 1 else "")
                found.setdefault(line, []).append(row[name])
    return cast("dict[str, list[Any]]", json.loads(json.dumps(found, default=float)))


@contextmanager
def _heard(listener: Listener = ignore) -> Generator[Listener]:
    """Its progress bars are not shown, and its warnings told as events.

    Gives the listener as it is to be called meanwhile.
    """
    terminal, log = sys.stderr, logging.getLogger("lm_eval")

    def aloud(event: Event) -> None:
        with redirect_stderr(terminal):
            listener(event)

    hears, before = _Hears(aloud), (log.propagate, log.level)
    log.propagate = False
    log.setLevel(logging.WARNING)
    log.addHandler(hears)
    try:
        with redirect_stderr(io.StringIO()):
            yield aloud
    finally:
        log.removeHandler(hears)
        log.propagate = before[0]
        log.setLevel(before[1])


class _Hears(logging.Handler):
    """Tells warnings as events."""

    def __init__(self, aloud: Listener) -> None:
        super().__init__(logging.WARNING)
        self._aloud = aloud

    def emit(self, record: logging.LogRecord) -> None:
        text = " ".join(record.getMessage().split())
        self._aloud(Event("message", {"text": f"lm-eval: {text}"}))
