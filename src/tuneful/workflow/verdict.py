"""The verdict on a tuned model: what the recipe's gate asks, what was found, and whether it passes.

What could not be measured does not pass.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from tuneful.auditing.audits import AUDITS
from tuneful.auditing.intervals import share
from tuneful.core.errors import RecipeError
from tuneful.core.events import ignore
from tuneful.core.report import Finding, Level, Report, Table
from tuneful.core.store import Store
from tuneful.evaluating.summary import interval
from tuneful.recipe.change import with_changes
from tuneful.workflow.audited import audit
from tuneful.workflow.stages import evaluate, prepare

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tuneful.core.events import Listener
    from tuneful.core.report import Cell
    from tuneful.data.dataset import Dataset
    from tuneful.models.model import Model
    from tuneful.recipe.gate import Gate
    from tuneful.recipe.schema import Recipe


@dataclass(frozen=True)
class Condition:
    """One thing that the gate asks.

    Attributes:
        asked: In words.
        found: What was measured.
    """

    asked: str
    found: str
    passes: bool


def verdict(
    model: Model,
    recipe: Recipe,
    data: Dataset | None = None,
    *,
    store: Store | None = None,
    listener: Listener = ignore,
) -> Report:
    """Evaluate and audit as the gate needs it, and judge; made before, both are only read.

    Raises:
        RecipeError: The recipe has no gate, or one that asks nothing.
        UnknownName: `gate.audits` names no audit.
        ModelError: The model or its base cannot be loaded.
    """
    gate = gate_of(recipe)
    place = store or Store.default()
    rows = data or prepare(recipe, store=place, listener=listener)
    evaluated = evaluate(model, recipe, rows, store=place, listener=listener)
    audited = None
    if gate.audits:
        named = list(AUDITS.table) if gate.audits == "all" else list(gate.audits)
        asked = with_changes(recipe, {"audit.audits": named})
        audited = audit(model, asked, rows, store=place, listener=listener)
    return judge(gate, evaluated, audited)


def gate_of(recipe: Recipe) -> Gate:
    """The recipe's gate.

    Raises:
        RecipeError: There is none, or it asks nothing.
    """
    gate = recipe.gate
    if gate is None:
        raise RecipeError(
            "The recipe has no gate.", where="gate", fix="gate: {margin: 0, audits: all}"
        )
    if gate.reach is None and gate.margin is None and gate.slices is None and not gate.audits:
        raise RecipeError(
            "The gate asks nothing.",
            where="gate",
            fix="Set one of reach, margin, slices and audits.",
        )
    return gate


def judge(gate: Gate, evaluated: Report, audited: Report | None) -> Report:
    """Every condition with what was found; an error for each that does not pass.

    Raises:
        RecipeError: The evaluation did not measure `gate.metric`.
    """
    conditions = [
        *_about_metric(gate, evaluated.facts),
        *_about_slices(gate, evaluated.facts),
        *(_about_audits(gate, audited) if audited else ()),
    ]
    failed = [one for one in conditions if not one.passes]
    findings = [
        Finding(
            Level.ERROR,
            "gate",
            f"The gate asks {one.asked}.",
            evidence=f"found: {one.found}",
            fix="Do not take this model, or change what the gate asks.",
            where="gate",
        )
        for one in failed
    ]
    if not failed:
        findings = [Finding(Level.NOTE, "gate-passed", "The model passes the gate.", where="gate")]
    rows: list[list[Cell]] = [
        [one.asked, one.found, "passes" if one.passes else "fails"] for one in conditions
    ]
    table = Table("Gate", ["asked", "found", "verdict"], rows)
    facts = {"passes": not failed, "conditions": [asdict(one) for one in conditions]}
    return Report("Gate", findings, [table], facts)


def _about_metric(gate: Gate, facts: Mapping[str, Any]) -> Iterator[Condition]:
    name = gate.metric or facts.get("first") or next(iter(facts["metrics"]))
    undefined = facts.get("undefined", {}).get(name)
    if undefined and (gate.reach is not None or gate.margin is not None):
        yield Condition(undefined["title"], f"not measured: {undefined['why']}", passes=False)
        return
    if name not in facts["metrics"]:
        raise RecipeError(
            f"The evaluation did not measure {name!r}.",
            where="gate.metric",
            fix=f"It measured {', '.join(facts['metrics'])}; or set evaluate.metrics.",
        )
    known = facts["metrics"][name]
    is_up, is_share = known["better"] == "higher", known["is_share"]
    end, words = ("low", "at least") if is_up else ("high", "at most")
    tuned, apart = known["tuned"], known["difference"]
    if gate.reach is not None:
        passes = tuned[end] >= gate.reach if is_up else tuned[end] <= gate.reach
        asked = f"{known['title']} {words} {_number(gate.reach, is_share=is_share)}"
        yield Condition(asked, interval(tuned, is_share=is_share), passes)
    if gate.margin is not None:
        asked = (
            f"{known['title']} better than the base by {_number(gate.margin, is_share=is_share)}"
        )
        if apart is None:
            yield Condition(asked, "the base was not measured", passes=False)
            return
        gain = apart["low"] if is_up else -apart["high"]
        passes = gain > gate.margin or gain == gate.margin > 0
        yield Condition(asked, interval(apart, is_share=is_share, sign=True), passes)


def _number(value: float, *, is_share: bool) -> str:
    return f"{value * 100:g} %" if is_share else f"{value:g}"


def _about_slices(gate: Gate, facts: Mapping[str, Any]) -> Iterator[Condition]:
    """Every class and slice that falls short; or the weakest, where all pass.

    What the model itself doubts is no slice: it is meant to be wrong there.
    """
    if gate.slices is None:
        return
    asked = f"{gate.slices * 100:g} % right"
    parts = list(_slices(facts))
    if not parts:
        yield Condition(f"{asked} in every slice", "there are no classes or slices", passes=False)
        return
    weak = [part for part in parts if part[2]["low"] < gate.slices]
    for name, rows, found in weak or [min(parts, key=lambda part: part[2]["low"])]:
        shown = f"{interval(found, is_share=True)} of {rows} rows"
        passes = not weak
        where = f"{asked} in {name}" if weak else f"{asked} in each of {len(parts)} slices"
        yield Condition(where, shown if weak else f"the weakest, {name}: {shown}", passes)


def _slices(facts: Mapping[str, Any]) -> Iterator[tuple[str, int, Mapping[str, float]]]:
    """Name, rows and share right of the classes, and of the analysis' slices of enough rows."""
    labels, confusion = facts.get("labels", ()), facts.get("confusion", ())
    for number, label in enumerate(labels):
        counts = confusion[number]
        yield f"class {label!r}", sum(counts), asdict(share(counts[number], sum(counts)))
    analysis: Mapping[str, Any] = facts.get("analysis") or {}
    if not analysis.get("score", {}).get("is_share"):
        return
    for one in analysis["slices"]:
        if one["verdict"] != "few" and one["facet"] not in {"class", "confidence"}:
            yield f"{one['facet']} {one['name']}", one["rows"], one["tuned"]


def _about_audits(gate: Gate, audited: Report) -> Iterator[Condition]:
    level = Level[gate.fail_on.upper()]
    for name, codes in audited.facts["findings"].items():
        if gate.audits != "all" and name not in gate.audits:
            continue
        why_not = audited.facts["not_audited"].get(name)
        bad = sorted({code for code, word in codes if Level[word.upper()] >= level})
        is_asked = gate.audits != "all"
        asked = f"no {gate.fail_on} of {name}"
        if why_not:  # of all audits those that do not fit the rows are let pass
            yield Condition(asked, f"not audited: {why_not}", passes=not is_asked)
        else:
            yield Condition(asked, ", ".join(bad) or "none", passes=not bad)
    rows = [code for code, word in audited.facts["rows_findings"] if Level[word.upper()] >= level]
    if rows:
        yield Condition(f"no {gate.fail_on} of the rows", ", ".join(rows), passes=False)
