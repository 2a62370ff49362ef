"""Preflight: what can be known to go wrong before the first step, as findings.

To add a check: a file here with one function from an Inspection to findings, and a line in
PREFLIGHT.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuneful.core.registry import Registry
from tuneful.core.report import Report

if TYPE_CHECKING:
    from tuneful.core.events import Listener
    from tuneful.core.run import Run
    from tuneful.core.store import Store
    from tuneful.data.dataset import Dataset
    from tuneful.planning.plan import Plan
    from tuneful.recipe.schema import Recipe
    from tuneful.training.preflight.base import Check, Inspection

PREFLIGHT: Registry[Check] = Registry(
    "preflight",
    {
        "ending": "tuneful.training.preflight.ending:check",
        "learned": "tuneful.training.preflight.learned:check",
        "learning_rate": "tuneful.training.preflight.learning_rate:check",
        "metric": "tuneful.training.preflight.metric:check",
        "overfit": "tuneful.training.preflight.overfit:check",
        "rows": "tuneful.training.preflight.rows:check",
        "steps": "tuneful.training.preflight.steps:check",
        "truncation": "tuneful.training.preflight.truncation:check",
        "warmup": "tuneful.training.preflight.warmup:check",
    },
)


def inspect_rows(recipe: Recipe, data: Dataset) -> Report:
    """Check what recipe and rows alone show, before a model is fetched."""
    from tuneful.methods import METHODS
    from tuneful.training.preflight.base import Inspection

    return preflight(Inspection(recipe, METHODS[recipe.method.name], data))


def inspect_run(
    run: Run, recipe: Recipe, data: Dataset, plan: Plan, store: Store, listener: Listener
) -> Report:
    """Check everything: rows as tokens, and whether the model learns a few of them by heart.

    The model is loaded for it and thrown away; the run's own training starts from fresh weights.

    Raises:
        ModelError: The model cannot be loaded.
        DataError: A row does not fit the method or the chat template.
    """
    from tuneful.training.preflight.base import Inspection
    from tuneful.training.preflight.overfit import learn_by_heart
    from tuneful.training.setup import set_up_run
    from tuneful.training.train import make_job

    setup = set_up_run(recipe, data, plan.settings, store, listener)
    job = make_job(run, setup, data, store, listener)
    return preflight(
        Inspection(
            recipe,
            setup.method,
            data,
            settings=plan.settings,
            encoded=job.train_rows,
            eos_id=setup.tokenizer.eos_id,
            overfit=lambda rows: learn_by_heart(job, rows, listener),
        )
    )


def preflight(inspection: Inspection) -> Report:
    """Run every check that has what it needs; the gravest findings come first.

    Call it once with recipe and rows alone, before a model is fetched, and again with the model at
    hand: a check that lacks something says nothing.
    """
    findings = [finding for name in PREFLIGHT for finding in PREFLIGHT[name](inspection)]
    findings.sort(key=lambda finding: -finding.level)
    return Report(title="Preflight", findings=findings)
