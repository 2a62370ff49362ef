"""Evaluate: a tuned model and its base on the same unseen rows, with intervals and a test."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from tuneful.core.artifact import digest, write_json
from tuneful.core.errors import DataError
from tuneful.core.events import ignore
from tuneful.core.report import Report
from tuneful.data.rows import Chat
from tuneful.evaluating.bootstrap import compare, value_of
from tuneful.evaluating.calibration import fit_temperature, mean_nll
from tuneful.evaluating.metrics import METRICS, metric
from tuneful.evaluating.metrics.json_answers import fields
from tuneful.evaluating.predictions import Said, ask_base, ask_tuned, truth
from tuneful.evaluating.samples import AnswerSample, Sample, class_sample
from tuneful.evaluating.summary import summarize
from tuneful.methods import METHODS

if TYPE_CHECKING:
    from tuneful.core.events import Listener
    from tuneful.core.store import Store
    from tuneful.data.dataset import Dataset
    from tuneful.models.model import Model
    from tuneful.recipe.schema import Recipe

VERSION = 1
CALIBRATION = "calibration.json"
EVALUATION = "evaluation.json"
FEWEST_TO_CALIBRATE = 50
MOST_FIELDS = 8
"""Keys of JSON answers that are measured one by one."""


def evaluate(
    model: Model, recipe: Recipe, data: Dataset, store: Store, listener: Listener = ignore
) -> Report:
    """Measure the recipe's metrics for the tuned model and, unless it says no, for its base.

    A classifier's temperature is fitted on the validation rows first and kept with the model.

    Raises:
        DataError: There are no test rows, or a metric does not fit the method.
        ModelError: The model or its base cannot be loaded.
    """
    if not data.num_rows("test"):
        raise DataError(
            "There are no test rows to evaluate on.",
            where=str(data.path),
            fix="Set data.split.test (0.1 is usual) or data.test_source.",
        )
    facts: dict[str, Any] = {
        "asked": _asked(recipe, data),
        "rows": data.num_rows("test"),
        "head": model.head,
    }
    if model.head == "classes":
        facts["calibration"] = _calibrate(model, recipe, data, store, listener)
    tuned = _sample(
        ask_tuned(model, recipe, data, "test", store, listener), data, model.temperature
    )
    base = None
    if recipe.evaluate.base:
        base = _sample(ask_base(model, recipe, data, store, listener), data)
    names = _names(recipe, tuned)
    facts["metrics"] = {name: _measure(name, tuned, base, recipe) for name in names}
    facts |= _about_classes(model, data, tuned) | _about_training(model)
    return summarize(facts)


def check_metrics(recipe: Recipe) -> None:
    """Refuse metrics that could not be measured once the model is made.

    Raises:
        UnknownName: There is no such metric.
        DataError: It measures what the method does not compute.
    """
    head = METHODS[recipe.method.name].head
    asked = recipe.evaluate.metrics
    for name in asked if asked != "auto" else ():
        if metric(name).head != head:
            fitting = [known for known in METRICS if METRICS[known].head == head]
            raise DataError(
                f"The metric {name} does not measure what {recipe.method.name} computes.",
                where="evaluate.metrics",
                fix=f"Leave it to auto, or choose from: {', '.join(fitting)}.",
            )


def kept_evaluation(model: Model, recipe: Recipe, data: Dataset) -> Report | None:
    """The evaluation that stands in the model's folder, if it was asked for in the same way."""
    path = model.path / EVALUATION
    if not path.exists():
        return None
    report = Report.from_json(json.loads(path.read_text(encoding="utf-8")))
    return report if report.facts["asked"] == _asked(recipe, data) else None


def _asked(recipe: Recipe, data: Dataset) -> str:
    return digest([VERSION, recipe.evaluate.model_dump(mode="json"), recipe.seed, data.hash])


def _names(recipe: Recipe, sample: Sample) -> list[str]:
    """Metrics asked for; by itself the method's, and JSON's where all references are JSON."""
    asked = recipe.evaluate.metrics
    if asked != "auto":
        return list(asked)
    names = list(METHODS[recipe.method.name].metrics)
    if isinstance(sample, AnswerSample):
        keys = fields(sample.references)
        if keys:
            names = ["json_valid", *(f"field_accuracy:{k}" for k in keys[:MOST_FIELDS]), *names]
    return names


def _sample(said: Said, data: Dataset, temperature: float = 1.0) -> Sample:
    import numpy as np

    if said.labels:
        return class_sample(truth(data, "test", said.labels), said.values, temperature)
    references = tuple(row.answer for row in data.rows("test") if isinstance(row, Chat))
    answers, logp, tokens = zip(*said.values, strict=True)
    return AnswerSample(references, answers, np.array(logp), np.array(tokens))


def _measure(name: str, tuned: Sample, base: Sample | None, recipe: Recipe) -> dict[str, Any]:
    known = metric(name)
    base_NK = known.statistics(base) if base is not None else None
    found = compare(known, known.statistics(tuned), base_NK, recipe.evaluate.resamples, recipe.seed)
    return {
        "title": known.title,
        "better": known.better,
        "is_share": known.is_share,
        **asdict(found),
    }


def _calibrate(
    model: Model, recipe: Recipe, data: Dataset, store: Store, listener: Listener
) -> dict[str, Any] | None:
    """Fit the temperature on validation rows and write it beside the model."""
    import numpy as np

    if data.num_rows("validation") < FEWEST_TO_CALIBRATE:
        return None
    said = ask_tuned(model, recipe, data, "validation", store, listener)
    logits_NC = np.asarray(said.values, dtype=np.float32)
    truth_N = np.array(truth(data, "validation", said.labels))
    temperature = fit_temperature(logits_NC, truth_N)
    facts = {
        "temperature": temperature,
        "rows": len(truth_N),
        "nll_before": mean_nll(logits_NC, truth_N, 1.0),
        "nll_after": mean_nll(logits_NC, truth_N, temperature),
    }
    write_json(model.path / CALIBRATION, facts)
    return facts


def _about_classes(model: Model, data: Dataset, tuned: Sample) -> dict[str, Any]:
    """The confusion matrix, the commonest class's share, and calibration before scaling."""
    import numpy as np

    if isinstance(tuned, AnswerSample):
        return {}
    size = len(model.labels)
    confusion = np.bincount(tuned.truth_N * size + tuned.chosen_N, minlength=size * size)
    counts = np.bincount(tuned.truth_N, minlength=size)
    known = metric("ece")
    scaled = np.log(np.maximum(tuned.probability_NC, 1e-300)) * model.temperature
    unscaled = class_sample(tuned.truth_N, scaled)
    return {
        "labels": list(model.labels),
        "confusion": confusion.reshape(size, size).tolist(),
        "majority_share": float(counts.max() / counts.sum()),
        "ece_unscaled": value_of(known, known.statistics(unscaled)),
        "dataset": data.hash,
    }


def _about_training(model: Model) -> dict[str, Any]:
    """What the run measured of itself."""
    measured = model.manifest.get("measured", {})
    names = {"tokens_per_s": "tokens_per_s", "memory_gib": "memory_gib", "seconds": "train_seconds"}
    return {ours: measured.get(theirs) for theirs, ours in names.items()}
