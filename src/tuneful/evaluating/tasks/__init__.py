"""Tasks: what a model can do besides that for which it is tuned. To add one: a YAML file here."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from tuneful.core.errors import UnknownName
from tuneful.evaluating.tasks.task import Task, read_task

if TYPE_CHECKING:
    from collections.abc import Mapping

HERE = Path(__file__).parent


def shipped() -> Mapping[str, Path]:
    """Tasks that come with Tuneful: name to file."""
    return {path.stem: path for path in sorted(HERE.glob("*.yaml"))}


def find_task(reference: str) -> Task:
    """A task by its name, or by the path of its file.

    Raises:
        UnknownName: Neither is there.
        RecipeError: The file says what a task cannot.
        DataError: Its rows cannot be read, or lack an answer.
    """
    known = shipped()
    path = known.get(reference, Path(reference).expanduser())
    if path.is_file():
        return read_task(path)
    close = get_close_matches(reference, known, n=1)
    raise UnknownName(
        f"There is no task called {reference!r}, and no such file.",
        where="evaluate.tasks",
        fix=f"Did you mean {close[0]}?" if close else f"Choose from: {', '.join(known)}.",
    )
