"""What findings ask for, brought together."""

import json
from pathlib import Path
from typing import Any

from tuneful.core.report import Finding, Level, Report
from tuneful.core.store import Store
from tuneful.recipe.schema import Recipe
from tuneful.workflow.gate import Gate, mending
from tuneful.workflow.mending import prepare_mended


def asking(level: Level, **change: Any) -> Finding:
    return Finding(level, "c", "t", change={"data.clean": change["clean"]})


def test_steps_that_several_findings_ask_for_are_all_taken():
    one, other = {"name": "mask"}, {"name": "html"}
    report = Report("", [asking(Level.ERROR, clean=[one]), asking(Level.ERROR, clean=[other, one])])
    assert mending(report, Gate(fix=True), {}) == {"data.clean": [one, other]}


def test_what_is_below_the_level_is_not_mended():
    report = Report("", [asking(Level.WARNING, clean=[{"name": "mask"}])])
    assert mending(report, Gate(fix=True), {}) == {}
    gate = Gate(fail_on=Level.WARNING, fix=True)
    assert mending(report, gate, {}) == {"data.clean": [{"name": "mask"}]}
    assert mending(report, gate, {"data.clean": [{"name": "mask"}]}) == {}


def test_preparing_mends_what_it_finds_and_what_that_uncovers(tmp_path: Path, store: Store):
    rows = [{"text": f"row {n} says thing{n * 7}", "label": "ab"[n % 2]} for n in range(40)]
    rows[3]["text"] = "write to ann&#64;mail.org"
    rows[5]["text"] = "caf\u00c3\u00a9 AKIAIOSFODNN7EXAMPLE"
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    recipe = Recipe.make({"model": "m", "data": {"source": str(path)}, "method": "classify"})
    assert prepare_mended(recipe, store=store).changes == {}
    errors = prepare_mended(recipe, store=store, gate=Gate(fix=True))
    assert errors.changes == {"data.clean": [{"name": "mask"}]}
    gate = Gate(fail_on=Level.WARNING, fix=True)
    made = prepare_mended(recipe, store=store, gate=gate)
    assert {step["name"] for step in made.changes["data.clean"]} == {"encoding", "html", "mask"}
    texts = {
        row["source_row"]: row["text"] for s in made.data.splits for row in made.data.records(s)
    }
    assert texts[4] == "write to [EMAIL_1]"
    assert texts[6] == "caf\u00e9 [SECRET_1]"
    assert made.data.report().worst() == Level.NOTE
