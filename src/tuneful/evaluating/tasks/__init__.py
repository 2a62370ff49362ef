"""Tasks: what a model can do besides that for which it is tuned. To add one: a YAML file here."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from tuneful.core.errors import UnknownName
from tuneful.evaluating.tasks.harness import KIND, HarnessTask, read_harness
from tuneful.evaluating.tasks.reading import NO_DRAWS, read_task
from tuneful.evaluating.tasks.task import Task
from tuneful.recipe.load import load
from tuneful.recipe.task import AskedTask, TaskFile

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tuneful.evaluating.tasks.task import Draws

AnyTask = Task | HarnessTask
HERE = Path(__file__).parent


def shipped() -> Mapping[str, Path]:
    """Tasks that come with Tuneful: name to file."""
    return {path.stem: path for path in sorted(HERE.glob("*.yaml"))}


def known(name: str) -> TaskFile:
    """What the file of a task that ships says; rows from elsewhere are not fetched."""
    return load(TaskFile, shipped()[name])


def find_asked(asked: str | AskedTask, draws: Draws = NO_DRAWS) -> AnyTask:
    """As `find_task`; lm-eval's tasks too."""
    asked = AskedTask.model_validate(asked)
    return read_harness(asked) if asked.name.startswith(KIND) else find_task(asked, draws)


def find_task(asked: str | AskedTask, draws: Draws = NO_DRAWS) -> Task:
    """A task of ours by its name, or by the path of its file.

    Args:
        asked: Which, and how much of it.
        draws: How answers are drawn, if it is judged by pass_at_k.

    Raises:
        UnknownName: Neither is there.
        RecipeError: The file says what a task cannot.
        DataError: Its rows cannot be read, or lack an answer.
    """
    asked = AskedTask.model_validate(asked)
    path = shipped().get(asked.name, Path(asked.name).expanduser())
    if path.is_file():
        return read_task(path, asked, draws)
    close = get_close_matches(asked.name, shipped(), n=1)
    raise UnknownName(
        f"There is no task called {asked.name!r}, and no such file.",
        where="evaluate.tasks",
        fix=f"Did you mean {close[0]}?" if close else f"Choose from: {', '.join(shipped())}.",
    )
