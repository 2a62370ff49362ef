"""Intervals and tests do what they say: coverage simulated, p against exact counts."""

from math import comb, sqrt

import numpy as np
import pytest

from tuneful.evaluating.bootstrap import compare
from tuneful.evaluating.metrics import metric

ACCURACY = metric("accuracy")


def rows(values: object) -> np.ndarray:
    return np.asarray(values, dtype=np.float64)[:, None]


def test_the_interval_of_a_share_is_the_normal_one():
    right = rows(np.arange(1000) < 870)
    found = compare(ACCURACY, right, None, 4000).tuned
    half = 1.96 * sqrt(0.87 * 0.13 / 1000)
    assert found.value == pytest.approx(0.87)
    assert found.low == pytest.approx(0.87 - half, abs=0.003)
    assert found.high == pytest.approx(0.87 + half, abs=0.003)


def test_nineteen_of_twenty_intervals_hold_the_truth():
    draw = np.random.default_rng(1)
    hits = 0
    for seed in range(300):
        found = compare(ACCURACY, rows(draw.random(200) < 0.8), None, 400, seed).tuned
        hits += found.low <= 0.8 <= found.high
    assert 0.91 <= hits / 300 <= 0.98


def test_what_two_models_share_narrows_their_difference():
    draw = np.random.default_rng(2)
    base = draw.random(800) < 0.8
    tuned = base.copy()
    tuned[:40] = True
    found = compare(ACCURACY, rows(tuned), rows(base), 2000)
    assert found.difference is not None
    assert found.base is not None
    width = found.difference.high - found.difference.low
    assert width < 0.6 * (found.tuned.high - found.tuned.low)


def test_p_is_that_of_the_sign_test():
    # 9 rows are mended, 1 is broken: two-sided binomial p = 2 * (C(10,0) + C(10,1)) / 2^10.
    base, tuned = np.zeros(60), np.zeros(60)
    tuned[:9], base[9] = 1, 1
    found = compare(ACCURACY, rows(tuned), rows(base), 20_000).difference
    assert found is not None
    assert found.p == pytest.approx(2 * (comb(10, 0) + comb(10, 1)) / 2**10)


def test_a_model_is_not_better_than_itself():
    same = rows(np.arange(50) % 3 == 0)
    found = compare(ACCURACY, same, same, 500).difference
    assert found is not None
    assert (found.value, found.p) == (0.0, 1.0)
    # Bonett and Price by hand: (0 + 0 + 2) / 52 rows differ, 1.96 sqrt(2 / 52 / 52) = 0.0533.
    assert (found.low, found.high) == pytest.approx((-0.0533, 0.0533), abs=1e-4)
    assert found.detectable == pytest.approx(2.8016 * 0.0533 / 1.96, rel=1e-2)


def test_rows_that_are_all_alike_do_not_make_sure():
    right, wrong = rows(np.ones(20, bool)), rows(np.zeros(20, bool))
    found = compare(ACCURACY, right, wrong, 500)
    assert found.base is not None
    assert found.difference is not None
    # Wilson by hand: 1.96^2 / (20 + 1.96^2) = 0.161.
    assert (found.tuned.low, found.tuned.high) == pytest.approx((0.839, 1.0), abs=1e-3)
    assert (found.base.low, found.base.high) == pytest.approx((0.0, 0.161), abs=1e-3)
    assert found.difference.high == 1.0
    assert found.difference.low == pytest.approx(
        20 / 22 - 1.96 * (1 - (20 / 22) ** 2) ** 0.5 / 22**0.5, abs=1e-3
    )


def test_the_same_seed_gives_the_same_interval():
    right = rows(np.sqrt(np.arange(70)))
    assert compare(ACCURACY, right, None, 500, 3) == compare(ACCURACY, right, None, 500, 3)
    assert compare(ACCURACY, right, None, 500, 3) != compare(ACCURACY, right, None, 500, 4)


def test_many_rows_and_resamples_are_taken_in_parts():
    right = rows(np.arange(5000) % 10 > 0)
    found = compare(ACCURACY, right, None, 1000).tuned
    assert found.low < 0.9 < found.high
