"""Single stages, each as a function that tells when it begins and ends."""

from __future__ import annotations

import time
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from tuneful.auditing.card import write_card
from tuneful.core.artifact import write_json
from tuneful.core.events import Event, ignore
from tuneful.core.run import Run
from tuneful.core.store import Store
from tuneful.data.deriving.augment import augment
from tuneful.data.deriving.canaries import plant
from tuneful.data.deriving.corrections import correct
from tuneful.data.prepare import prepare as prepare_data
from tuneful.evaluating.elsewhere import is_own, place_of
from tuneful.evaluating.evaluate import EVALUATION, kept_evaluation
from tuneful.evaluating.evaluate import evaluate as evaluate_model
from tuneful.models.neighbours import word_neighbours
from tuneful.models.references import locate
from tuneful.planning.plan import Plan
from tuneful.planning.plan import plan as plan_run
from tuneful.selecting.choose import select
from tuneful.selecting.embeddings import embed_texts
from tuneful.training.teacher_asked import Teachers
from tuneful.training.teacher_texts import answer
from tuneful.training.timing import make_probe
from tuneful.workflow.reported import write_page

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tuneful.core.events import Listener
    from tuneful.core.report import Report
    from tuneful.data.dataset import Dataset
    from tuneful.models.model import Model
    from tuneful.recipe.schema import Recipe

T = TypeVar("T")


def prepare(recipe: Recipe, *, store: Store | None = None, listener: Listener = ignore) -> Dataset:
    """Turn the recipe's source into a data set: format, checks, split, rows on disk.

    Where the recipe has rows chosen (data.select), made (data.augment), answered by a teacher
    (data.answers), mistakes corrected (data.corrections) or secrets planted (data.canaries), it is
    done here, in this order.

    Raises:
        DataError: The source cannot be read as what it is said to be.
        ModelError: A teacher cannot be loaded or does not write.
    """
    place = store or Store.default()

    def near(words: Sequence[str]) -> Mapping[str, Sequence[str]]:
        return word_neighbours(locate(recipe.model, place, listener), words)

    def work() -> Dataset:
        embed = partial(embed_texts, store=place, listener=listener)
        data = prepare_data(recipe, place, listener, embed)
        if recipe.data.select is not None:
            data = select(data, recipe, place, listener)
        if recipe.data.augment:
            teachers = Teachers(data.hash, recipe.seed, place, listener)
            with closing(teachers):
                data = augment(data, recipe, place, near, teachers)
        if recipe.data.answers is not None:
            data = answer(data, recipe, place, listener)
        if recipe.data.corrections is not None:
            data = correct(data, recipe, place, listener)
        if recipe.data.canaries:
            data = plant(data, recipe, place)
        return data

    return staged("prepare", listener, work)


def plan(
    recipe: Recipe,
    data: Dataset | None = None,
    *,
    store: Store | None = None,
    listener: Listener = ignore,
    probes: bool = True,
) -> Plan:
    """Settle every "auto" and foresee steps, memory, time and cost.

    Time and memory rest on a short pass of the model, or without `probes` on formulas.

    Raises:
        ModelError: The model is not to be found or read.
        DataError: The rows do not fit the method, or there are none.
    """
    place = store or Store.default()
    rows = data or prepare(recipe, store=place, listener=listener)
    probe = make_probe(recipe, rows, place, listener) if probes else None
    return staged("plan", listener, lambda: plan_run(recipe, rows, place, listener, probe))


def evaluate(
    model: Model,
    recipe: Recipe,
    data: Dataset | None = None,
    *,
    store: Store | None = None,
    listener: Listener = ignore,
) -> Report:
    """Measure a model and its base on the same test rows, and write its card and a page.

    Without `data`, the recipe's rows are used. On rows of another data set than the model's own the
    card stays as it is. The page, which holds the model's audit on these rows if there is one, and
    what was said of each row stand in the store's `evaluations`.

    Raises:
        ModelError: The model or its base cannot be loaded.
    """
    place = store or Store.default()
    rows = data or prepare(recipe, store=place, listener=listener)
    folder = place_of(model, rows, place)
    kept = kept_evaluation(model, recipe, rows, place)
    if kept is not None:
        listener(Event("stage", {"stage": "evaluate", "status": "reused", "artifact": str(folder)}))
        write_page(model, rows, place, kept)
        return kept
    report = staged(
        "evaluate", listener, lambda: evaluate_model(model, recipe, rows, place, listener)
    )
    write_page(model, rows, place, report)
    write_json(folder / EVALUATION, report.to_json())
    if not is_own(model, rows):
        return report
    staged("card", listener, lambda: write_card(model, recipe, rows, report))
    of_run = Path(str(model.manifest["run"]))
    if of_run.exists():
        write_json(Run(of_run).reports / "evaluation.json", report.to_json())
    return report


def staged(stage: str, listener: Listener, work: Callable[[], T]) -> T:
    """Do the work of a stage, and tell when it began and how long it took."""
    listener(Event("stage", {"stage": stage, "status": "began"}))
    began = time.time()
    result = work()
    facts = {"stage": stage, "status": "done", "seconds": time.time() - began}
    listener(Event("stage", facts))
    return result
