"""Few rows claim no more than few rows can: intervals have a width, and one row proves nothing."""

from math import isinf
from typing import Any

import numpy as np
import pytest

from tuneful.evaluating.bootstrap import compare
from tuneful.evaluating.few import as_few_rows_allow, made_by
from tuneful.evaluating.measured import measured
from tuneful.evaluating.measures.classes import class_sample
from tuneful.evaluating.measures.ratings import RatingSample
from tuneful.evaluating.metrics import metric
from tuneful.evaluating.summary import summarize
from tuneful.recipe.schema import Recipe

RECIPE = Recipe.model_validate(
    {
        "model": "m",
        "data": {"source": "x.csv"},
        "method": "classify",
        "evaluate": {"resamples": 200},
    }
)


def logits(chosen: list[int]) -> np.ndarray:
    return np.eye(2)[chosen] * 4


def found(truth: list[int], tuned: list[int], base: list[int], *names: str) -> dict[str, Any]:
    both = class_sample(truth, logits(tuned)), class_sample(truth, logits(base))
    return {"rows": len(truth), **measured(names or ("accuracy",), both, RECIPE, {})}


def test_one_row_makes_no_model_worse():
    facts = found([1], [0], [1])
    part = facts["metrics"]["accuracy"]
    assert part["difference"]["value"] == -1
    assert part["difference"]["low"] < 0 < part["difference"]["high"]
    assert part["tuned"]["high"] == pytest.approx(0.7935, abs=1e-4)  # Wilson's of 0 of 1
    names = [finding.code for finding in summarize(facts).findings]
    assert "worse" not in names
    assert "no-gain" in names


def test_all_of_five_right_is_not_all_of_all():
    part = found([0, 1, 0, 1, 0], [0, 1, 0, 1, 0], [0, 1, 0, 1, 0])["metrics"]["accuracy"]
    assert part["tuned"]["low"] == pytest.approx(0.5655, abs=1e-4)  # Wilson's of 5 of 5
    assert part["difference"]["low"] < 0 < part["difference"]["high"]


def test_rows_that_are_all_alike_have_a_width_however_many():
    right = np.ones((400, 1))
    known = metric("accuracy")
    said = compare(known, right, right, 200)
    assert said.tuned.low == pytest.approx(400 / (400 + 1.96**2), abs=1e-4)
    assert said.difference is not None
    assert said.difference.low < 0 < said.difference.high


def test_many_rows_keep_their_bootstrap():
    rows = (np.arange(200) % 3 == 0).astype(float)[:, None]
    known = metric("accuracy")
    said = compare(known, rows, None, 200)
    assert as_few_rows_allow(known, said, rows, None) == said


def test_an_error_is_not_below_nothing_and_a_single_one_is_no_measurement():
    known = metric("mae")
    three = np.array([[0.0], [0.0], [1.0]])
    assert as_few_rows_allow(known, compare(known, three, None, 100), three, None).tuned.low == 0
    one = as_few_rows_allow(known, compare(known, three[:1], None, 100), three[:1], None)
    assert isinf(one.tuned.high)
    rated = RatingSample(np.array([3.0]), np.array([2.5]), np.array([3.0]))
    facts = measured(["mae"], (rated, None), RECIPE, {})
    assert facts["metrics"] == {}
    assert facts["undefined"]["mae"]["why"] == "one row gives no interval"


def test_the_report_says_how_intervals_were_made_and_which_may_be_too_narrow():
    facts = found([0, 1, 0, 1], [0, 1, 0, 1], [0, 1, 1, 1], "accuracy", "macro_f1")
    assert "bootstrap over rows, of means by formula" in made_by(facts)
    few = next(one for one in summarize(facts).findings if one.code == "few-test-rows")
    assert "macro F1" in few.evidence
    assert "accuracy" not in few.evidence
    one = summarize(found([1], [1], [1]))
    assert any("There is only 1 test row:" in finding.title for finding in one.findings)


def test_of_one_row_what_is_resampled_is_not_shown():
    facts = found([1], [1], [1], "accuracy", "macro_f1")
    assert list(facts["metrics"]) == ["accuracy"]
    assert facts["undefined"]["macro_f1"]["why"] == "one row gives no interval"
    report = summarize(facts)
    assert report.tables[0].note.startswith("1 test row; ")
    assert "points" not in report.tables[0].note  # 132 points of 100 would be shown
