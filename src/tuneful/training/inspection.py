"""Look at a run before its first step: first without the model, then with it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from tuneful.core.report import Level
from tuneful.methods import METHODS
from tuneful.training.preflight import preflight
from tuneful.training.preflight.base import Inspection
from tuneful.training.probe import FirstAnswers, overfit
from tuneful.training.sequences import encode_split
from tuneful.training.setup import set_up_run

if TYPE_CHECKING:
    from tuneful.core.events import Listener
    from tuneful.core.report import Report
    from tuneful.core.store import Store
    from tuneful.data.dataset import Dataset
    from tuneful.planning.plan import Plan
    from tuneful.recipe.schema import Recipe


def inspect_rows(recipe: Recipe, data: Dataset) -> Report:
    """Run the checks that need neither model nor plan."""
    return preflight(Inspection(recipe, METHODS[recipe.method.name], data))


def inspect_run(
    recipe: Recipe, data: Dataset, plan: Plan, store: Store, listener: Listener
) -> Report:
    """Run every preflight check. Where recipe, rows and plan show an error, no model is loaded."""
    method = METHODS[recipe.method.name]
    known = Inspection(recipe, method, data, plan.settings, plan_findings=plan.findings)
    report = preflight(known)
    if report.worst() == Level.ERROR:
        return report
    setup = set_up_run(recipe, data, plan.settings, store, listener)
    encoded = encode_split(data, "train", setup.encoding, store, listener)
    base = Inspection(
        recipe,
        setup.method,
        data,
        plan.settings,
        encoded,
        setup.tokenizer.eos_id,
        plan_findings=plan.findings,
    )
    if setup.method.needs.rollouts is None:
        return preflight(replace(base, overfit=partial(overfit, setup, encoded)))
    first = FirstAnswers(setup, data, store)
    return preflight(replace(base, ask=first.tried, rehearse=first.rehearse))
