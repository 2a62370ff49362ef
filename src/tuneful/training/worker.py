"""Train in a run folder as a process of its own: python -m tuneful.training.worker RUN."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tuneful.core.errors import Stopped, TunefulError
from tuneful.core.run import Run
from tuneful.core.store import Store
from tuneful.data.dataset import Dataset
from tuneful.planning.plan import Plan
from tuneful.recipe.schema import Recipe
from tuneful.training.train import train


def work(folder: Path) -> int:
    """Train what the folder asks for, watched through its events. Returns the exit code."""
    run = Run(folder)
    resolved = json.loads((folder / "resolved.json").read_text(encoding="utf-8"))
    planned = json.loads((folder / "plan.json").read_text(encoding="utf-8"))
    store = Store(folder.resolve().parents[1])
    data = Dataset.open(str(run.facts["dataset"]))
    try:
        train(run, Recipe.make(resolved["recipe"]), data, Plan.from_json(planned), store)
    except Stopped:
        return 130
    except TunefulError:
        return 1  # the run's state and events say what and why
    return 0


if __name__ == "__main__":
    raise SystemExit(work(Path(sys.argv[1])))
