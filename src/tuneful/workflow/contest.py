"""Compare: find the models that are named, and the rows that they can be compared on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from tuneful.core.artifact import MANIFEST
from tuneful.core.errors import DataError
from tuneful.core.events import ignore
from tuneful.core.store import Store
from tuneful.data.dataset import Dataset
from tuneful.evaluating.side_by_side import Contest, Contestant
from tuneful.evaluating.until_clear import ask_until_clear
from tuneful.models.model import Model
from tuneful.models.references import locate
from tuneful.recipe.change import with_changes
from tuneful.recipe.schema import Recipe
from tuneful.workflow.stages import prepare

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tuneful.core.events import Listener
    from tuneful.core.report import Report


def compare(
    references: Sequence[str],
    recipe: Recipe | None = None,
    *,
    store: Store | None = None,
    listener: Listener = ignore,
    metrics: Sequence[str] = (),
    until_clear: bool = False,
) -> Report:
    """Several models on the same rows: the first, and each other one against it.

    Args:
        references: Runs, model folders or untuned models; one at least must be tuned here.
        recipe: Whose test rows all are asked; by default those of the first tuned model.
        store: Where runs, models and rows stand.
        listener: Hears how far it is.
        metrics: Instead of the recipe's.
        until_clear: Ask portion by portion, and stop once the first metric's differences are sure
            to be above or below 0; nothing of it is kept.

    Raises:
        DataError: They cannot be compared fairly: tested on other rows, or made for other tasks.
        ModelError: Nothing answers to a reference.
    """
    place = store or Store.default()
    models = [_contestant(name, place, listener) for name in references]
    _check_names(references, models)
    like = next(one for one in models if one.model is not None)
    if recipe is None:
        known, data = _own_recipe(like), like.data
    else:
        known, data = recipe, prepare(recipe, store=place, listener=listener)
    if data is None:
        raise DataError(
            f"The rows that {like.name} was tested on are not in the store any more.",
            where=str(place.datasets),
            fix="Say which rows to test all on: --recipe FILE.",
        )
    if metrics:
        known = with_changes(known, {"evaluate.metrics": list(metrics)})
    contest = Contest(models, known, data, is_own=recipe is None)
    return (
        ask_until_clear(contest, place, listener) if until_clear else contest.run(place, listener)
    )


def _contestant(name: str, store: Store, listener: Listener) -> Contestant:
    located = locate(name, store, listener)
    if not located.is_tuned:
        return Contestant(name, None)
    model = Model.open(located.folder)
    folders = [path for path in store.list_artifacts("datasets") if (path / MANIFEST).exists()]
    datasets = (Dataset.open(path) for path in folders)
    hash_ = model.manifest["dataset"]
    return Contestant(name, model, next((data for data in datasets if data.hash == hash_), None))


def _check_names(references: Sequence[str], models: Sequence[Contestant]) -> None:
    if len(set(references)) < len(references) or len(references) < 2:
        raise DataError(
            "There is nothing to compare: name two different models or more.",
            where=", ".join(references),
            fix="tuneful compare run:first run:second",
        )
    if all(one.model is None for one in models):
        raise DataError(
            "None of these models was tuned here, so it is not known what to ask them.",
            where=", ".join(references),
            fix="Name one tuned model at least: run:NAME or a folder in models/ of the store.",
        )


def _own_recipe(one: Contestant) -> Recipe:
    """The recipe of the run that made a model."""
    assert one.model is not None
    path = Path(str(one.model.manifest["run"])) / "resolved.json"
    if not path.exists():
        raise DataError(
            f"The run that made {one.name} is gone, and with it how it was to be asked.",
            where=str(path),
            fix="Name its recipe: --recipe FILE.",
        )
    return Recipe.make(json.loads(path.read_text(encoding="utf-8"))["recipe"])
