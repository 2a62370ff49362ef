"""Audit a tuned model: by its recipe, or by a run or a folder that knows its recipe."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuneful.auditing.audit import audit as audit_model
from tuneful.auditing.audit import kept_audit, names_of
from tuneful.auditing.card import write_card
from tuneful.core.artifact import MANIFEST, write_json
from tuneful.core.errors import RunError
from tuneful.core.events import Event, ignore
from tuneful.core.run import Run
from tuneful.core.store import Store
from tuneful.evaluating.elsewhere import is_own
from tuneful.evaluating.evaluate import kept_evaluation
from tuneful.models.model import Model
from tuneful.recipe.change import with_changes
from tuneful.recipe.schema import Recipe
from tuneful.workflow.reported import write_page
from tuneful.workflow.stages import prepare, staged

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tuneful.core.events import Listener
    from tuneful.core.report import Report
    from tuneful.data.dataset import Dataset


def audit(
    model: Model,
    recipe: Recipe,
    data: Dataset | None = None,
    *,
    store: Store | None = None,
    listener: Listener = ignore,
) -> Report:
    """Look for what tuning broke: in the model, beside its base, on test rows.

    Without `data`, the recipe's rows are used. The report is kept with the model and in its run;
    once the model is evaluated, it stands in the card and on the evaluation's page.

    Raises:
        UnknownName: `audit.audits` names none.
        RecipeError: A file that the recipe's section names cannot be read.
        ModelError: The model or its base cannot be loaded.
    """
    place = store or Store.default()
    rows = data or prepare(recipe, store=place, listener=listener)
    kept = kept_audit(model, recipe, rows, names_of(recipe))
    evaluated = kept_evaluation(model, recipe, rows, place)
    if kept is not None:
        facts = {"stage": "audit", "status": "reused", "artifact": str(model.path)}
        listener(Event("stage", facts))
        if evaluated is not None:
            write_page(model, rows, place, evaluated)
        return kept
    report = staged("audit", listener, lambda: audit_model(model, recipe, rows, place, listener))
    if evaluated is not None:
        write_page(model, rows, place, evaluated)
        if is_own(model, rows):
            staged("card", listener, lambda: write_card(model, recipe, rows, evaluated))
    folder = Path(str(model.manifest.get("run", "")))
    if (folder / "state.json").exists():
        write_json(Run(folder).reports / "audit.json", report.to_json())
    return report


def find_recipe(
    reference: str, store: Store, changes: Mapping[str, Any] | None = None
) -> tuple[Recipe, Model]:
    """The recipe and the model of a run (its folder, name, or last) or of a model's folder.

    Args:
        reference: What names it.
        store: Where runs are.
        changes: Recipe keys to set on top.

    Raises:
        RunError: There is no such run, it has no model, or its folder is gone.
        RecipeError: A change does not fit.
    """
    folder = Path(reference).expanduser()
    if (folder / MANIFEST).exists():
        model = Model.open(folder)
        run = Path(str(model.manifest.get("run", "")))
    else:
        run = store.find_run(reference)
        model = _model_of(run)
    path = run / "resolved.json"
    if not path.exists():
        raise RunError(
            "The run that made this model is gone, and with it the recipe.",
            where=str(run),
            fix="tuneful audit RECIPE --model FOLDER",
        )
    recipe = Recipe.make(json.loads(path.read_text(encoding="utf-8"))["recipe"])
    return with_changes(recipe, dict(changes or {})), model


def _model_of(run: Path) -> Model:
    found = Run(run)
    path = found.facts.get("model")
    if not path or not (Path(str(path)) / MANIFEST).exists():
        raise RunError(
            f"The run is {found.state} and has no model.",
            where=str(run),
            fix=f"tuneful train {run / 'recipe.yaml'} continues it.",
        )
    return Model.open(str(path))
