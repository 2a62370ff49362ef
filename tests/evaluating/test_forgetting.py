"""Every tuned language model is set beside its base on a general text."""

from pathlib import Path

import pytest

from tests.world import chat_recipe, classify_recipe, review
from tuneful.core.events import ignore
from tuneful.core.store import Store
from tuneful.data.collections.general import measured_rows
from tuneful.evaluating.summary import summarize
from tuneful.recipe.change import with_changes
from tuneful.workflow import run
from tuneful.workflow.gate import TRIAL


def test_the_text_that_is_built_in_is_sixty_passages(tmp_path: Path, store: Store):
    rows = measured_rows(chat_recipe(tmp_path), store, ignore)
    assert len({row.text for row in rows}) == 60
    assert all(350 <= len(row.text) <= 650 for row in rows)


def test_a_text_of_ones_own_is_read_as_rows(tmp_path: Path, store: Store):
    import random

    draw = random.Random(1)
    lines = [review(draw, is_good=True) for _ in range(12)]
    (tmp_path / "mine.csv").write_text("text\n" + "\n".join(lines) + "\n", encoding="utf-8")
    recipe = with_changes(
        chat_recipe(tmp_path / "a"), {"remember.text": str(tmp_path / "mine.csv")}
    )
    rows = measured_rows(recipe, store, ignore)
    assert {row.text for row in rows} <= set(lines)
    assert len(rows) > 5


@pytest.mark.slow
def test_a_run_reports_what_general_text_has_become(tmp_path: Path, store: Store):
    recipe = with_changes(chat_recipe(tmp_path, epochs=1), {"remember.wise_ft": 0.0})
    report = run(recipe, store=store, gate=TRIAL).report
    known = report.facts["forgetting"]
    assert (known["text"], known["rows"]) == ("speeches", 60)
    assert known["tuned"]["value"] == pytest.approx(known["base"]["value"], rel=1e-6)
    assert known["base"]["value"] == pytest.approx(260, rel=0.2)  # a random model of 259 tokens
    assert "General text" in [table.title for table in report.tables]


@pytest.mark.slow
def test_half_the_way_from_the_base_changes_less(tmp_path: Path):
    changes_of = []
    for share in (1.0, 0.5):
        changes = {"remember.wise_ft": share, "adapter": "full", "train.epochs": 6}
        recipe = with_changes(chat_recipe(tmp_path), changes)
        report = run(recipe, store=Store(tmp_path / str(share)), gate=TRIAL).report
        changes_of.append(abs(report.facts["forgetting"]["difference"]["value"]))
    assert 0 < changes_of[1] < changes_of[0]


def test_a_rise_that_is_shown_is_a_finding():
    part = {"value": 10.0, "low": 9.0, "high": 11.0}
    metric = {
        "title": "exact match", "better": "higher", "is_share": True,
        "base": None, "tuned": part, "difference": None,
    }  # fmt: skip
    found = {}
    for rise, low in ((0.5, 0.2), (2.0, 1.0), (2.0, -0.1)):
        apart = {"value": rise, "low": low, "high": 3.0, "p": 0.001}
        known = {"text": "speeches", "rows": 60, "base": part, "tuned": part, "difference": apart}
        report = summarize({"rows": 500, "metrics": {"exact_match": metric}, "forgetting": known})
        found[rise, low] = [(f.code, f.level.word) for f in report.findings]
    assert found[0.5, 0.2] == [("forgot", "note")]
    assert found[2.0, 1.0] == [("forgot", "warning")]
    assert found[2.0, -0.1] == []


def test_a_classifier_has_no_general_text(tmp_path: Path, store: Store):
    report = run(classify_recipe(tmp_path, max_steps=2), store=store, gate=TRIAL).report
    assert "forgetting" not in report.facts
