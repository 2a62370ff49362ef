"""Audit: what tuning may have broken, each way of looking with its findings, tables and facts."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from tuneful.auditing.audits import AUDITS
from tuneful.auditing.audits.base import Audited, Subject
from tuneful.auditing.page import audit_page
from tuneful.core.artifact import MANIFEST, digest, write_json
from tuneful.core.events import Event, ignore
from tuneful.core.report import Finding, Level, Report
from tuneful.data.rows import classes_of
from tuneful.recipe.data import Remote

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tuneful.core.events import Listener
    from tuneful.core.store import Store
    from tuneful.data.dataset import Dataset
    from tuneful.models.model import Model
    from tuneful.recipe.schema import Recipe

VERSION = 2
AUDIT, PAGE = "audit.json", "audit.html"


def audit(
    model: Model, recipe: Recipe, data: Dataset, store: Store, listener: Listener = ignore
) -> Report:
    """Look for what tuning breaks, in the tuned model and beside it in its base.

    The report is kept in the model's folder (`audit.json`, and `audit.html` for a person). What
    could not be looked at is said, with the reason, under "not_audited" of the facts.

    Raises:
        UnknownName: `audit.audits` names none.
        RecipeError: A file that the section names cannot be read.
        ModelError: The model, its base or the teacher cannot be loaded or asked.
        DataError: The ceiling of a teacher's cost is reached.
    """
    names = names_of(recipe)
    subject = Subject(model, recipe, data, store, listener)
    rows_findings = list(_about_rows(subject))
    # First: what is wrong with a teacher is known before any time is spent.
    if "robustness" in names and (said := subject.paraphrased) is not None:
        told = f"audit: {len(said.rows)} of {said.asked} rows in other words"
        listener(Event("message", {"text": told}))
    found: dict[str, Audited] = {}
    seconds: dict[str, float] = {}
    for name in names:
        listener(Event("message", {"text": f"audit: {name}"}))
        began = time.time()
        found[name] = _look(name, subject)
        seconds[name] = round(time.time() - began, 1)
    facts = {"version": VERSION, "asked": _asked(recipe, data), "dataset": data.hash}
    report = _report(found, rows_findings, {**facts, "seconds": seconds})
    write_json(model.path / AUDIT, report.to_json())
    (model.path / PAGE).write_text(audit_page(report), encoding="utf-8")
    return _read(model)


def names_of(recipe: Recipe) -> list[str]:
    """The audits that a recipe asks for.

    Raises:
        UnknownName: There is no such audit.
    """
    asked = recipe.audit.audits
    names = list(AUDITS.table) if asked == "auto" else list(asked)
    for name in names:
        AUDITS[name]
    return names


def kept_audit(
    model: Model, recipe: Recipe, data: Dataset, names: Sequence[str] = ()
) -> Report | None:
    """The audit that stands in the model's folder, if it was made so and holds these audits."""
    if not (model.path / AUDIT).exists():
        return None
    report = _read(model)
    has_all = set(names) <= set(report.facts["findings"])
    return report if has_all and report.facts["asked"] == _asked(recipe, data) else None


def audit_of(model: Model, data: Dataset) -> Report | None:
    """The audit of the model on these rows that stands in its folder, whatever it was asked."""
    path = model.path / AUDIT
    if not path.exists() or path.stat().st_mtime < (model.path / MANIFEST).stat().st_mtime:
        return None
    report = _read(model)
    is_known = report.facts.get("version") == VERSION
    return report if is_known and report.facts["dataset"] == data.hash else None


def _read(model: Model) -> Report:
    return Report.from_json(json.loads((model.path / AUDIT).read_text(encoding="utf-8")))


def _asked(recipe: Recipe, data: Dataset) -> str:
    patience = {"endpoint": set(Remote.PATIENCE)}
    left_out: Any = {"audits": True, "teacher": patience}
    settings = recipe.audit.model_dump(mode="json", exclude=left_out)
    asked: list[Any] = [settings, recipe.evaluate.base, recipe.seed]
    files = [name for name in (recipe.audit.terms, recipe.audit.tests) if name]
    return digest([VERSION, *asked, data.hash, *map(_contents, files)])


def _contents(name: str) -> str:
    from pathlib import Path

    path = Path(name)
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""


def _look(name: str, subject: Subject) -> Audited:
    kind = AUDITS[name]
    if kind.needs_rows and not subject.rows:
        return Audited(why_not="there are no test rows of classes that the model knows")
    return kind().look(subject)


def _about_rows(subject: Subject) -> Iterator[Finding]:
    """What is wrong with the rows that are asked about."""
    rows, num_unknown = subject.test
    where = str(subject.data.path)
    if num_unknown:
        yield Finding(
            Level.WARNING,
            "unknown-labels",
            f"{num_unknown} of {num_unknown + len(rows)} test rows are of classes that the model "
            "does not know; they are left out.",
            evidence=f"the model knows {', '.join(subject.model.labels)}",
            fix="Leave them out with data.where, or train on rows of these classes.",
            where=where,
        )
    if not rows:
        yield Finding(
            Level.ERROR,
            "no-test-rows",
            "There are no test rows to ask about.",
            fix="Set data.split.test (0.1 is usual) or data.test_source.",
            where=where,
        )
    classes = {name for row in rows for name in classes_of(row)}
    if len(subject.model.labels) > 1 and len(classes) == 1:
        yield Finding(
            Level.WARNING,
            "one-class",
            f"All {len(rows)} test rows are of one class, {classes.pop()!r}: errors in others are "
            "not seen.",
            fix="Test on rows of every class: data.take.order: random, or another test_source.",
            where=where,
        )
    if subject.data.hash != subject.model.manifest.get("dataset"):
        yield Finding(
            Level.WARNING,
            "other-rows",
            "The model was not trained on this data set; test rows may be among those it learned.",
            fix="Audit it with the recipe that it was trained by.",
            where=where,
        )


def _report(
    found: dict[str, Audited], rows_findings: Sequence[Finding], facts: dict[str, Any]
) -> Report:
    why_not = {name: one.why_not for name, one in found.items() if one.why_not}
    notes = [
        Finding(Level.NOTE, "not-audited", f"{name.capitalize()} was not audited: {why}.")
        for name, why in why_not.items()
    ]
    return Report(
        "Audit",
        [*rows_findings, *(f for one in found.values() for f in one.findings), *notes],
        [table for one in found.values() for table in one.tables],
        {
            **facts,
            "audits": {name: one.facts for name, one in found.items() if not one.why_not},
            "findings": {name: _codes(one.findings) for name, one in found.items()},
            "tables": {name: len(one.tables) for name, one in found.items()},
            "rows_findings": _codes(rows_findings),
            "not_audited": why_not,
        },
    )


def _codes(findings: Sequence[Finding]) -> list[list[str]]:
    """Code and level of each."""
    return [[one.code, one.level.word] for one in findings]
