"""Forgetting: how likely general text is to the tuned model and to its base, and what tasks show.

What the evaluation measured is shown; without one the text is read here, in the same way. Tasks are
those of `evaluate.tasks`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar

from tuneful.auditing.audits.base import Audited
from tuneful.evaluating.evaluate import EVALUATION, measure_forgetting
from tuneful.evaluating.on_tasks import about_tasks, tasks_table
from tuneful.evaluating.summary import about_forgetting, forgetting_table, interval

if TYPE_CHECKING:
    from tuneful.auditing.audits.base import Subject
    from tuneful.core.report import Finding, Table


class Forgetting:
    """How much less likely general text has become to a language model, and tasks less right."""

    needs_rows: ClassVar[bool] = False

    def look(self, subject: Subject) -> Audited:
        """Show what the evaluation measured, or measure it."""
        if not subject.writes:
            return Audited(why_not="a head of scores reads no text aloud")
        text, tasks = _known(subject)
        if text is None and not tasks:
            return Audited(why_not="the recipe names no general text, or no base is measured")
        findings: list[Finding] = list(about_tasks(tasks))
        tables: list[Table] = [tasks_table(tasks, interval)] if tasks else []
        if text is not None:
            findings += about_forgetting(text)
            tables.insert(0, forgetting_table(text))
        return Audited(findings, tables, {"text": text, "tasks": tasks})


def _known(subject: Subject) -> tuple[dict[str, Any] | None, dict[str, Any]]:
    """What the model's evaluation says of the same text and rows; else the text, read now."""
    path = subject.model.path / EVALUATION
    if path.exists():
        facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["facts"]
        text: dict[str, Any] = facts.get("forgetting") or {}
        is_same = text.get("text") == subject.recipe.remember.text
        if facts["dataset"] == subject.data.hash and is_same:
            return text or None, facts.get("tasks", {})
    return measure_forgetting(subject.model, subject.recipe, subject.store, subject.listener), {}
