"""A gate lets a model pass by the worse end of its intervals, and never what was not measured."""

from pathlib import Path
from typing import Any

import pytest

from tests.world import classify_recipe
from tests.world import reviews as write_reviews
from tuneful import workflow
from tuneful.auditing.intervals import share
from tuneful.core.errors import RecipeError
from tuneful.core.report import Report
from tuneful.core.store import Store
from tuneful.recipe.change import with_changes
from tuneful.recipe.gate import Gate
from tuneful.workflow import evaluate, train, verdict
from tuneful.workflow.verdict import gate_of, judge


def evaluated(better: str = "higher", **more: Any) -> Report:
    interval = {"value": 0.85, "low": 0.8, "high": 0.9}
    apart = {"value": 0.1, "low": 0.05, "high": 0.15, "p": 0.001}
    known = {"title": "accuracy", "better": better, "is_share": True, "tuned": interval}
    metrics = {"accuracy": {**known, "base": interval, "difference": apart}}
    confusion = {"labels": ["a", "b"], "confusion": [[90, 10], [40, 60]]}
    return Report("", facts={"metrics": metrics, **confusion, **more})


AUDITED = Report(
    "",
    facts={
        "findings": {
            "bias": [["bias", "warning"]],
            "privacy": [["few-members", "note"]],
            "forgetting": [],
        },
        "not_audited": {"forgetting": "a head of scores"},
        "rows_findings": [],
    },
)


@pytest.mark.parametrize(
    ("gate", "passes"),
    [
        ({"reach": 0.8}, True),
        ({"reach": 0.81}, False),  # the interval reaches down to 0.8
        ({"margin": 0.04}, True),
        ({"margin": 0.06}, False),
        ({"slices": 0.5}, True),
        ({"slices": 0.6}, False),  # class b has 60 of 100 right, at least 50.2 %
        ({"audits": ["privacy"]}, True),
        ({"audits": ["privacy"], "fail_on": "note"}, False),
        ({"audits": ["bias"]}, False),
        ({"audits": ["bias"], "fail_on": "error"}, True),
        ({"audits": "all", "fail_on": "error"}, True),
        ({"audits": ["forgetting"]}, False),  # it was asked for and could not be made
    ],
)
def test_the_gate_passes_what_was_shown_and_nothing_else(gate: dict[str, Any], passes: bool):
    found = judge(Gate(**gate), evaluated(), AUDITED if "audits" in gate else None)
    assert found.facts["passes"] is passes
    assert [f.code for f in found.findings] == ["gate-passed" if passes else "gate"]


def test_the_weakest_slice_decides():
    def found(low: float, **more: Any) -> Report:
        tuned = {"value": low + 0.1, "low": low, "high": low + 0.2}
        known = {"facet": "length", "name": "long", "rows": 40, "tuned": tuned, "verdict": ""}
        analysis = {"score": {"is_share": True}, "slices": [{**known, **more}]}
        return evaluated(analysis=analysis)

    assert judge(Gate(slices=0.5), found(0.55), None).facts["passes"]
    (fault,) = judge(Gate(slices=0.5), found(0.45), None).findings
    assert "length long" in fault.title
    # The model's own doubt and slices of few rows say nothing of whom it serves badly.
    for more in ({"facet": "confidence"}, {"verdict": "few"}):
        assert judge(Gate(slices=0.5), found(0.1, **more), None).facts["passes"]


@pytest.mark.slow
def test_slices_of_a_real_evaluation_decide(tmp_path: Path, store: Store):
    recipe = with_changes(
        classify_recipe(tmp_path, max_steps=12),
        {"data.source": str(write_reviews(tmp_path / "more.csv", 400)), "data.split.test": 160},
    )
    model = train(recipe, store=store, gate=workflow.Gate(fail_on=None))
    known = evaluate(model, recipe, store=store)
    facts = known.facts
    slices = [one for one in facts["analysis"]["slices"] if one["verdict"] != "few"]
    lengths = [one for one in slices if one["facet"] == "length"]
    assert len(lengths) >= 2
    # Slices and confusion are of the same rows: those of a facet have as many right together.
    right = sum(facts["confusion"][at][at] for at in range(2))
    assert round(sum(one["rows"] * one["tuned"]["value"] for one in lengths)) == right
    parts = {f"{one['facet']} {one['name']}": one["tuned"]["low"] for one in slices}
    parts = {name: low for name, low in parts.items() if not name.startswith(("class ", "conf"))}
    for at, label in enumerate(facts["labels"]):
        counts = facts["confusion"][at]
        parts[f"class {label!r}"] = share(counts[at], sum(counts)).low
    weakest = min(parts, key=lambda name: parts[name])
    (passed,) = judge(Gate(slices=parts[weakest] * 0.999), known, None).facts["conditions"]
    assert passed["passes"]
    assert passed["asked"].endswith(f"in each of {len(parts)} slices")
    assert f"the weakest, {weakest}: " in passed["found"]
    failed = judge(Gate(slices=parts[weakest] * 1.001), known, None)
    assert weakest in failed.findings[0].title
    # The same by the command's way: the evaluation is read, not made again.
    gated = with_changes(recipe, {"gate": {"slices": parts[weakest] * 1.001}})
    assert not verdict(model, gated, store=store).facts["passes"]


def test_lower_is_better_where_the_metric_says_so():
    assert judge(Gate(reach=0.9), evaluated("lower"), None).facts["passes"]
    assert not judge(Gate(reach=0.89), evaluated("lower"), None).facts["passes"]
    assert not judge(Gate(margin=0), evaluated("lower"), None).facts["passes"]


def test_a_first_metric_that_means_nothing_fails_and_no_other_stands_in_for_it():
    undefined = {"auroc": {"title": "AUROC", "why": "the test rows are of one class"}}
    found = judge(Gate(reach=0.5), evaluated(first="auroc", undefined=undefined), None)
    assert not found.facts["passes"]
    assert "AUROC" in found.findings[0].title
    named = judge(Gate(metric="auroc", reach=0.5), evaluated(undefined=undefined), None)
    assert not named.facts["passes"]


def test_a_gate_that_cannot_be_asked_is_refused(tmp_path: Any):
    recipe = classify_recipe(tmp_path)
    with pytest.raises(RecipeError, match="no gate"):
        gate_of(recipe)
    with pytest.raises(RecipeError, match="asks nothing"):
        gate_of(with_changes(recipe, {"gate": {"fail_on": "error"}}))
    with pytest.raises(RecipeError, match="did not measure 'f1'"):
        judge(Gate(metric="f1", reach=0.5), evaluated(), None)
    without = evaluated(labels=[], confusion=[])
    assert not judge(Gate(slices=0.5), without, None).facts["passes"]
