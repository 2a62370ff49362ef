"""Intervals over seeds and rows, by numbers worked by hand."""

import numpy as np
import pytest

from tuneful.evaluating.metrics import metric
from tuneful.evaluating.seeds import half_width, over_seeds, t_quantile

ACCURACY = metric("accuracy")


@pytest.mark.parametrize(
    ("freedom", "quantile"), [(1, 12.706), (2, 4.303), (2.5, 3.575), (10, 2.228), (999, 1.962)]
)
def test_students_quantiles_are_those_of_the_tables(freedom: float, quantile: float):
    assert t_quantile(freedom) == pytest.approx(quantile, abs=2e-3)


def test_two_variances_add_up_with_satterthwaites_freedom():
    # 4 and 4 with 2 and 2 degrees of freedom: (4 + 4)^2 / (16 / 2 + 16 / 2) = 4, t = 2.776.
    assert half_width(4, 2, 4, 2) == pytest.approx(2.776 * 8**0.5, abs=1e-2)
    assert half_width(4, 2, 0, 2) == pytest.approx(4.303 * 2, abs=1e-2)
    assert half_width(0, 99, 0, 2) == 0


def rows(num_right: int, total: int = 100):
    return np.array([[1.0]] * num_right + [[0.0]] * (total - num_right))


def test_seeds_that_agree_leave_the_chance_of_the_rows():
    found = over_seeds(ACCURACY, [rows(80), rows(80), rows(80)])
    # sqrt(0.8 x 0.2 / 100) = 0.04, t of 99 degrees 1.984.
    assert found.value == pytest.approx(0.8)
    assert found.high - found.value == pytest.approx(1.984 * 0.04, rel=0.05)


def test_seeds_that_differ_make_the_interval_wide():
    # On all rows alike, so that rows add nothing: 0, 1, 1 has a mean of 2/3 and a variance of 1/3.
    found = over_seeds(ACCURACY, [rows(0), rows(100), rows(100)])
    assert found.value == pytest.approx(2 / 3)
    assert found.high - found.value == pytest.approx(4.303 / 3, abs=1e-3)


def test_a_difference_is_paired_by_row():
    one = rows(60)
    other = np.array(one)
    other[:5] = 0  # wrong on five rows more, right on none more
    paired = over_seeds(ACCURACY, [one], [other])
    assert paired.value == pytest.approx(0.05)
    # sqrt(0.05 x 0.95 / 100) = 0.0218: rows that both get right or wrong add nothing.
    assert paired.high - paired.value == pytest.approx(1.984 * 0.0218, rel=0.06)
