"""Evaluate: a tuned model and its base on the same unseen rows, with intervals and a test."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from tuneful.core.artifact import MANIFEST, digest, write_json
from tuneful.core.errors import DataError
from tuneful.core.events import ignore
from tuneful.core.report import Report
from tuneful.evaluating.analysing.analyse import Case, analyse, scores_of
from tuneful.evaluating.analysing.examples import row_lines
from tuneful.evaluating.corrections import ask_corrections
from tuneful.evaluating.elsewhere import beside_own, is_own, place_of, seen_in_training
from tuneful.evaluating.forgetting import ask_general
from tuneful.evaluating.measured import measure_one, measured
from tuneful.evaluating.metrics import METRICS, metric
from tuneful.evaluating.on_tasks import ask_tasks, check_tasks
from tuneful.evaluating.predictions import ask_base, ask_tuned, measure_of
from tuneful.evaluating.rivals import check_rivals, rivals
from tuneful.evaluating.speed import speeds
from tuneful.evaluating.summary import summarize
from tuneful.methods import METHODS

if TYPE_CHECKING:
    from tuneful.core.events import Listener
    from tuneful.core.store import Store
    from tuneful.data.dataset import Dataset
    from tuneful.models.model import Model
    from tuneful.recipe.schema import Recipe

VERSION = 7  # 7: intervals of few rows by formula
CALIBRATION = "calibration.json"
EVALUATION = "evaluation.json"
ROWS = "rows.jsonl"
"""Beside it: what was wanted and said of every test row."""
FEWEST_TO_FIT = 50
"""Validation rows."""


def evaluate(
    model: Model, recipe: Recipe, data: Dataset, store: Store, listener: Listener = ignore
) -> Report:
    """Measure the recipe's metrics for the tuned model and, unless it says no, for its base.

    What the measure fits on validation rows (a classifier's temperature) is fitted first and kept
    with the model; on rows of another data set than the model's own it is taken as it is.

    Raises:
        DataError: There are no test rows, rows do not fit the model, a metric does not fit the
            method, or none means anything for these rows.
        ModelError: The model or its base cannot be loaded.
    """
    if not data.num_rows("test"):
        raise DataError(
            "There are no test rows to evaluate on.",
            where=str(data.path),
            fix="Set data.split.test (0.1 is usual) or data.test_source."
            if is_own(model, data)
            else "Give a source of more rows, or another data.test_where: one row of each class "
            "is left out.",
        )
    check_metrics(recipe)
    facts: dict[str, Any] = {
        "asked": _asked(recipe, data),
        "rows": data.num_rows("test"),
        "dataset": data.hash,
        **_fit(model, recipe, data, store, listener),
    }
    rows = list(data.rows("test"))
    measure = measure_of(model, recipe)  # as calibrated just now
    tuned = measure.sample(ask_tuned(model, recipe, rows, store, listener), rows)
    base = None
    if recipe.evaluate.base:
        untuned = measure_of(model, recipe, is_base=True)
        base = untuned.sample(ask_base(model, recipe, data, store, listener), rows)
    names = metric_names(recipe, measure.metrics(tuned))
    tell = partial(ask_base, model, recipe, data, store, listener)
    told = {rival.name: measure.sample(tell(rival), rows) for rival in rivals(recipe, data)}
    facts["first"] = names[0]
    facts |= measured(names, (tuned, base), recipe, told)
    _check_measured(facts)
    facts |= {**measure.facts(tuned), **_about_training(model)}
    facts["base"], facts["model"] = str(model.manifest["base"]), model.name
    case = Case(model, recipe, data, rows, names, tuned, base, store, {})
    facts |= _looked_into(case, facts)
    facts |= speeds(tuned, base, recipe.evaluate.usd_per_hour)
    facts |= _beside(model, recipe, data, store, listener)
    return summarize(facts)


def _check_measured(facts: dict[str, Any]) -> None:
    if facts["metrics"]:
        return
    raise DataError(
        f"No metric means anything for these {facts['rows']:,} test rows.",
        where="; ".join(f"{one['title']}: {one['why']}" for one in facts["undefined"].values()),
        fix="Test on rows that have what is measured, or set evaluate.metrics to others.",
    )


def _beside(
    model: Model, recipe: Recipe, data: Dataset, store: Store, listener: Listener
) -> dict[str, Any]:
    """What is measured beside the test rows: general text, corrections, tasks."""
    facts: dict[str, Any] = {}
    forgotten = measure_forgetting(model, recipe, store, listener)
    if forgotten is not None:
        facts["forgetting"] = forgotten
    corrected = ask_corrections(model, recipe, data, store, listener)
    if corrected is not None:
        facts["corrections"] = corrected
    if recipe.evaluate.tasks:
        facts["tasks"] = ask_tasks(model, recipe, store, listener)
    return facts


def measure_forgetting(
    model: Model, recipe: Recipe, store: Store, listener: Listener
) -> dict[str, Any] | None:
    """Perplexity of the general text to tuned model and base; None where there is none to ask."""
    general = ask_general(model, recipe, store, listener)
    if general is None:
        return None
    found = measure_one("perplexity", *general, recipe)
    return {"text": recipe.remember.text, "rows": len(general[0].tokens_N), **found}


def _looked_into(case: Case, facts: dict[str, Any]) -> dict[str, Any]:
    """The analysis, and on rows of another data set how far they are from the model's own."""
    found: dict[str, Any] = {}
    if not is_own(case.model, case.data):
        found["elsewhere"] = beside_own(case.model, case.data, facts["metrics"])
        seen = seen_in_training(case.model, case.rows, case.store)
        if seen is not None:
            found["seen_in_training"] = seen.count("yes")
            case = replace(case, more={"seen in training": tuple(seen)})
    scores = scores_of(case)
    if scores is None:
        return found
    folder = place_of(case.model, case.data, case.store)
    folder.mkdir(parents=True, exist_ok=True)
    lines = row_lines(scores, case.tuned, case.base, case.rows, case.model.labels)
    texts = [json.dumps(line, ensure_ascii=False) for line in lines]
    (folder / ROWS).write_text("\n".join(texts) + "\n", encoding="utf-8")
    return {**found, "analysis": analyse(case, scores)}


def check_metrics(recipe: Recipe) -> None:
    """Refuse metrics that could not be measured once the model is made.

    Raises:
        UnknownName: There is no such metric.
        DataError: It measures what the method does not compute, or the untuned model is to be told
            something that it cannot hear.
    """
    measured = METHODS[recipe.method.name].measured
    asked = recipe.evaluate.metrics
    for name in asked if asked != "auto" else ():
        if measured not in metric(name).measures:
            fitting = [known for known in METRICS if measured in METRICS[known].measures]
            raise DataError(
                f"The metric {name} does not measure {measured}, which {recipe.method.name} gives.",
                where="evaluate.metrics",
                fix=f"Leave it to auto, or choose from: {', '.join(fitting)}.",
            )
    check_rivals(recipe)


def kept_evaluation(model: Model, recipe: Recipe, data: Dataset, store: Store) -> Report | None:
    """The evaluation that was made before, if it was asked for in the same way."""
    path = place_of(model, data, store) / EVALUATION
    if not path.exists() or (is_own(model, data) and not (model.path / EVALUATION).exists()):
        return None
    if path.stat().st_mtime < (model.path / MANIFEST).stat().st_mtime:
        return None  # of a model that was made before under the same name
    report = Report.from_json(json.loads(path.read_text(encoding="utf-8")))
    return report if report.facts["asked"] == _asked(recipe, data) else None


def _asked(recipe: Recipe, data: Dataset) -> str:
    asked = [recipe.evaluate.model_dump(mode="json"), recipe.remember.text]
    asked += [task.hash for task in check_tasks(recipe)]
    return digest([VERSION, *asked, recipe.seed, data.hash])


def metric_names(recipe: Recipe, more: list[str]) -> list[str]:
    """Metrics asked for; by itself what the sample calls for, and the method's."""
    asked = recipe.evaluate.metrics
    return [*more, *METHODS[recipe.method.name].metrics] if asked == "auto" else list(asked)


def _fit(
    model: Model, recipe: Recipe, data: Dataset, store: Store, listener: Listener
) -> dict[str, Any]:
    """Fit on validation rows what the measure fits, and write it beside the model."""
    measure = measure_of(model, recipe)
    if not measure.fits or not is_own(model, data):
        return {}
    rows = list(data.rows("validation"))
    if len(rows) < FEWEST_TO_FIT:
        return {"calibration": None}
    facts = measure.fit(ask_tuned(model, recipe, rows, store, listener), rows)
    write_json(model.path / CALIBRATION, facts)
    return {"calibration": facts}


def _about_training(model: Model) -> dict[str, Any]:
    """What the run measured of itself."""
    measured = model.manifest.get("measured", {})
    names = {"tokens_per_s": "tokens_per_s", "memory_gib": "memory_gib", "seconds": "train_seconds"}
    return {ours: measured.get(theirs) for theirs, ours in names.items()}
