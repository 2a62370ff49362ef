"""Tests of two models: exact p, its correction, what rows can show, and coverage by simulation."""

from collections.abc import Callable

import numpy as np
import pytest

from tuneful.auditing.membership import auc
from tuneful.evaluating.bootstrap import compare, interval_of, row_counts, value_of
from tuneful.evaluating.formulas import mean_interval, paired_interval
from tuneful.evaluating.interval import Interval
from tuneful.evaluating.metrics import metric
from tuneful.evaluating.metrics.base import values
from tuneful.evaluating.paired import exact_p, holm, mcnemar
from tuneful.planning.power import detectable_share

ACCURACY = metric("accuracy")


def rows(right: object) -> np.ndarray:
    return np.asarray(right, dtype=np.float64)[:, None]


def test_mcnemar_by_hand():
    assert mcnemar(0, 0) == mcnemar(4, 4) == 1.0
    assert mcnemar(5, 0) == pytest.approx(2 / 2**5)
    assert mcnemar(9, 1) == mcnemar(1, 9) == pytest.approx(2 * 11 / 1024)
    assert mcnemar(30_000, 29_000) == pytest.approx(4e-5, rel=0.1)


def test_mcnemar_is_taken_where_rows_are_right_or_wrong():
    tuned, base = rows([1, 1, 1, 0]), rows([0, 0, 1, 0])
    assert exact_p(ACCURACY, tuned, base) == pytest.approx(0.5)
    assert exact_p(ACCURACY, tuned / 2, base) is None
    assert exact_p(metric("macro_f1"), tuned, base) is None
    # Rows that count for one model alone are no pairs.
    one, other = np.array([[1.0, 1.0]]), np.array([[0.0, 0.0]])
    assert exact_p(metric("tool_types"), one, other) is None
    found = compare(ACCURACY, tuned, base, 100).difference
    assert found is not None
    assert (found.test, found.p) == ("mcnemar", pytest.approx(0.5))


def test_a_permutation_comes_to_what_mcnemar_says():
    draw = np.random.default_rng(0)
    right = rows(draw.random(80) < 0.5), rows(draw.random(80) < 0.6)
    exact = mcnemar(int((right[0] > right[1]).sum()), int((right[0] < right[1]).sum()))
    # Halves are neither right nor wrong, so that rows change places at random.
    found = compare(ACCURACY, right[0] / 2, right[1] / 2, 20_000).difference
    assert found is not None
    assert found.test == "permutation"
    assert found.p == pytest.approx(exact, abs=0.015)


def test_holm_by_hand():
    # In order: 4 * 0.01, 3 * 0.015 = 0.045, 2 * 0.02 = 0.04 (no less than before), 1 * 0.5.
    assert holm([0.5, 0.01, 0.02, 0.015]) == pytest.approx([0.5, 0.04, 0.045, 0.045])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def test_a_difference_of_the_size_that_rows_show_is_found_four_times_of_five():
    draw, num, differ = np.random.default_rng(1), 500, 0.2
    gain = detectable_share(num, differ)
    mended = draw.binomial(num, (differ + gain) / 2, 2000)
    broken = draw.binomial(num - mended, (differ - gain) / 2 / (1 - (differ + gain) / 2))
    found = np.mean([mcnemar(int(a), int(b)) < 0.05 for a, b in zip(mended, broken, strict=True)])
    assert 0.74 < found < 0.84
    one, other = rows(np.arange(500) < 400), rows(np.arange(500) % 5 > 0)
    apart = compare(ACCURACY, one, other, 2000).difference
    assert apart is not None
    measured = np.mean(one != other)
    assert apart.detectable == pytest.approx(detectable_share(500, float(measured)), rel=0.06)


def _classes(draw: np.random.Generator, num: int) -> np.ndarray:
    """Of two classes: right, chosen and true rows.

    Class 0 is true of 0.7, and chosen of 0.9 of them; of class 1, 0.6 are chosen as such.
    F1 is 2 * 0.63 / (0.7 + 0.75) and 2 * 0.18 / (0.3 + 0.25).
    """
    truth = (draw.random(num) < 0.3).astype(int)
    chosen = (draw.random(num) < np.where(truth == 1, 0.6, 0.1)).astype(int)
    one, other = np.eye(2)[chosen], np.eye(2)[truth]
    return np.concatenate([one * other, one, other], axis=1)


def _texts(draw: np.random.Generator, num: int) -> np.ndarray:
    """Nats and tokens: a text of more tokens has fewer nats for each of them."""
    tokens = draw.integers(5, 15, num)
    return np.stack([draw.gamma(9.5, 1.0, num) * np.sqrt(tokens / 9.5), tokens], axis=1)


TRUTHS = {
    "accuracy": 0.85,
    "mae": 1.0,
    "difference": 0.1,
    "macro_f1": (2 * 0.63 / 1.45 + 2 * 0.18 / 0.55) / 2,
    "perplexity": float(np.exp(np.sqrt(np.arange(5, 15) * 9.5).mean() / 9.5)),
}
DRAWN: dict[str, Callable[[np.random.Generator, int], np.ndarray]] = {
    "accuracy": lambda draw, num: rows(draw.random(num) < 0.85),
    "mae": lambda draw, num: rows(draw.gamma(2.0, 0.5, num)),
    "difference": lambda draw, num: rows(draw.choice([1, 0, -1], num, p=[0.15, 0.8, 0.05])),
    "macro_f1": _classes,
    "perplexity": _texts,
}


@pytest.mark.slow
@pytest.mark.parametrize("name", [*TRUTHS, "auroc"])
def test_nineteen_of_twenty_intervals_hold_the_truth(name: str):
    """Of 2,000 samples of 300 rows (1,000 for ranks, which take longer): within 95 % ± 2."""
    draw, num, hits = np.random.default_rng(2), 300, 0
    samples, resamples = (1000, 500) if name == "auroc" else (2000, 1000)
    weights_RN = np.concatenate(list(row_counts(draw, num, resamples)))
    known = metric(name if name in {"auroc", "macro_f1", "perplexity"} else "mae")  # a mean, of any
    for _ in range(samples):
        statistics, truth = _sample(draw, num, name)
        value = value_of(known, statistics)
        # Each sample sees the same draws of rows: samples are independent of each other as before.
        found = interval_of(value, values(known, weights_RN, statistics))
        hits += found.low <= truth <= found.high
    assert 0.93 <= hits / samples <= 0.97


def _sample(draw: np.random.Generator, num: int, name: str) -> tuple[np.ndarray, float]:
    if name in TRUTHS:
        return DRAWN[name](draw, num), TRUTHS[name]
    # Scores of N(1, 1) and N(0, 1): a pair is in order with probability Phi(1 / sqrt 2).
    truth = draw.random(num) < 0.4
    score = draw.normal(truth.astype(float))
    return np.stack([score, truth.astype(float)], axis=1), 0.7602499389


def _formula(draw: np.random.Generator, name: str) -> tuple[Interval, float]:
    """An interval by formula of few rows, and what it should hold."""
    if name == "wilson":  # of a reliability plot's bins, slices, people's verdicts, audits
        truth = draw.uniform(0.05, 0.95)
        return mean_interval((draw.random(25) < truth).astype(float), is_binary=True), truth
    if name == "student":
        return mean_interval(draw.normal(2.0, 3.0, 8), is_binary=False), 2.0
    if name == "paired":
        apart = draw.choice([1.0, 0.0, -1.0], 40, p=[0.2, 0.7, 0.1])
        return paired_interval(apart, np.zeros(40), is_binary=True), 0.1
    return auc(draw.normal(1.0, 1.0, 60), draw.normal(0.0, 1.0, 90)), 0.7602499389


@pytest.mark.parametrize("name", ["wilson", "student", "paired", "delong"])
def test_nineteen_of_twenty_intervals_by_formula_hold_the_truth(name: str):
    draw, hits = np.random.default_rng(11), 0
    for _ in range(3000):
        found, truth = _formula(draw, name)
        hits += found.low <= truth <= found.high
    assert 0.93 <= hits / 3000 <= 0.97
