"""One page for all that is known of a model on some rows: its evaluation, and its audit if any."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuneful.auditing.audit import PAGE as OF_AUDIT
from tuneful.auditing.audit import audit_of
from tuneful.auditing.page import audit_section
from tuneful.evaluating.analysing.page import PAGE, page
from tuneful.evaluating.elsewhere import place_of
from tuneful.evaluating.evaluate import kept_evaluation

if TYPE_CHECKING:
    from pathlib import Path

    from tuneful.core.report import Report
    from tuneful.core.store import Store
    from tuneful.data.dataset import Dataset
    from tuneful.models.model import Model
    from tuneful.recipe.schema import Recipe


def write_page(model: Model, data: Dataset, store: Store, evaluated: Report) -> None:
    """Write the page of an evaluation, with the audit on the same rows if there is one."""
    audited = audit_of(model, data)
    sections = [audit_section(audited)] if audited else []
    folder = place_of(model, data, store)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / PAGE).write_text(page(evaluated, sections), encoding="utf-8")


def page_of(model: Model, recipe: Recipe, data: Dataset, store: Store) -> Path:
    """Where the audit can be read: on the evaluation's page, or alone where there is none."""
    if kept_evaluation(model, recipe, data, store) is None:
        return model.path / OF_AUDIT
    return place_of(model, data, store) / PAGE
