"""Intervals that may be looked at after every row hold the truth at all times at once."""

import numpy as np
import pytest

from tuneful.evaluating.sequential import confidence_sequence, difference_sequence


def test_the_truth_is_inside_at_all_times_and_a_gain_is_soon_clear():
    draw = np.random.default_rng(0)
    for shares, soon in (((0.6, 0.35, 0.05), 48), ((0.3, 0.65, 0.05), 120), ((0.1, 0.8, 0.1), 0)):
        apart_SN = draw.choice([1.0, 0.0, -1.0], (300, 200), p=shares)
        low_SN, high_SN = (2 * end - 1 for end in confidence_sequence((apart_SN + 1) / 2))
        truth = shares[0] - shares[2]
        missed = ((low_SN > truth) | (high_SN < truth)).any(axis=1)
        assert missed.mean() <= 0.05
        is_clear_SN = (low_SN > 0) | (high_SN < 0)
        if soon:
            assert np.median(is_clear_SN.argmax(axis=1)) < soon
        else:
            assert is_clear_SN.any(axis=1).mean() <= 0.05
        assert (np.diff(low_SN, axis=1) >= 0).all()
        assert (np.diff(high_SN, axis=1) <= 0).all()


def test_usual_intervals_that_are_looked_at_again_and_again_miss_far_more_often():
    # What the sequence is for: 1.96 standard errors, looked at after every row from the 20th on.
    draw = np.random.default_rng(1)
    apart_SN = draw.choice([1.0, 0.0, -1.0], (300, 200), p=(0.1, 0.8, 0.1))
    rows = np.arange(1, 201)
    mean_SN = np.cumsum(apart_SN, axis=1) / rows
    error_SN = np.sqrt(0.2 / rows)
    missed = (np.abs(mean_SN) > 1.96 * error_SN)[:, 20:].any(axis=1)
    assert missed.mean() > 0.15


def test_the_first_row_by_hand():
    # Before any row the spread is 1/4: the bet is min(sqrt(2 log(40) / (log(2) / 4)), 1/2) = 1/2.
    # Its cost is 4 (1 - 1/2)^2 (log(2) - 1/2) / 4, and half the width is (log(40) + cost) / (1/2).
    (low,), (high,) = confidence_sequence(np.array([[1.0]]))
    half = (np.log(40) + (np.log(2) - 0.5) / 4) / 0.5
    assert (low[0], high[0]) == (max(0.0, 1 - half), 1.0)
    low_N, high_N = difference_sequence(np.ones(60))
    assert low_N[-1] > 0.5 > low_N[0] == -1
    assert high_N[-1] == pytest.approx(1.0)
