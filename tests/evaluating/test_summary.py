"""What a person must not overlook is said, and nothing else."""

from typing import Any

import pytest

from tuneful.evaluating.summary import interval, summarize


def facts(low: float, high: float, *, tuned_low: float = 0.8, rows: int = 500) -> dict[str, Any]:
    return {
        "rows": rows,
        "calibration": {"temperature": 1.0},
        "trivial": {"accuracy": [0.5, "always choosing the commonest class"]},
        "metrics": {
            "accuracy": {
                "title": "accuracy",
                "better": "higher",
                "is_share": True,
                "tuned": {"value": 0.85, "low": tuned_low, "high": 0.9},
                "base": {"value": 0.6, "low": 0.55, "high": 0.65},
                "difference": {"value": (low + high) / 2, "low": low, "high": high, "p": 0.01},
            }
        },
    }


@pytest.mark.parametrize(
    ("known", "codes"),
    [
        (facts(0.1, 0.3), []),
        (facts(-0.1, 0.3), ["no-gain"]),
        (facts(-0.3, -0.1), ["worse"]),
        (facts(0.1, 0.3, tuned_low=0.49), ["below-trivial"]),
        (facts(0.1, 0.3, rows=40), ["few-test-rows"]),
        ({**facts(0.1, 0.3), "calibration": None}, ["not-calibrated"]),
        ({**facts(0.1, 0.3), "labels": ["a", "b"], "confusion": [[0, 0], [4, 496]]}, ["one-class"]),
        ({**facts(0.1, 0.3), "labels": ["a", "b"], "confusion": [[1, 0], [4, 495]]}, []),
    ],
)
def test_findings_fit_the_numbers(known: dict[str, Any], codes: list[str]):
    assert [finding.code for finding in summarize(known).findings] == codes


def test_a_lower_perplexity_is_a_gain():
    known = facts(-3.0, -1.0)
    known["metrics"] = {"perplexity": {**known["metrics"]["accuracy"], "better": "lower"}}
    assert summarize(known).findings == []


def test_an_interval_is_shown_in_percent_where_it_is_a_share():
    part = {"value": 0.8667, "low": 0.849, "high": 0.8834}
    assert interval(part, is_share=True) == "86.7 % [84.9, 88.3]"
    assert interval(part, is_share=False) == "0.867 [0.849, 0.883]"
    assert interval(part, is_share=True, sign=True).startswith("+86.7 %")
