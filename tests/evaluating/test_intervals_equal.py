"""Intervals and tests equal scipy's; those over seeds hold the truth as often as they say."""

from importlib import import_module
from typing import Any

import numpy as np
import pytest

from tuneful.auditing.intervals import share
from tuneful.auditing.membership import auc
from tuneful.evaluating.bootstrap import compare
from tuneful.evaluating.calibration import wilson
from tuneful.evaluating.formulas import mean_interval, student_quantile
from tuneful.evaluating.metrics import metric
from tuneful.evaluating.paired import mcnemar
from tuneful.evaluating.seeds import over_seeds, t_quantile

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def stats() -> Any:
    return import_module("scipy.stats")


def test_wilsons_interval_is_scipys(stats: Any):
    for rows in (1, 2, 7, 60, 1000):
        for hits in {0, 1, rows // 3, rows - 1, rows}:
            wanted = stats.binomtest(hits, rows).proportion_ci(method="wilson")
            assert wilson(hits, rows) == pytest.approx(tuple(wanted), abs=1e-7)
            found = share(hits, rows)
            assert (found.low, found.high) == pytest.approx(tuple(wanted), abs=1e-7)


def test_mcnemars_p_is_scipys_binomial_test(stats: Any):
    for mended in (0, 1, 5, 30, 400):
        for broken in (0, 1, 9, 370):
            if mended + broken:
                wanted = stats.binomtest(mended, mended + broken).pvalue
                assert mcnemar(mended, broken) == pytest.approx(wanted, rel=1e-9)


def test_students_quantiles_are_scipys(stats: Any):
    for freedom in (1, 2, 2.5, 4, 9, 30, 500):
        wanted = stats.t.ppf(0.975, freedom)
        assert t_quantile(freedom) == pytest.approx(wanted, rel=2e-4)
        if freedom >= 4:
            assert student_quantile(0.975, int(freedom)) == pytest.approx(wanted, rel=0.01)
    value_N = np.random.default_rng(0).normal(3, 2, 40)
    found = mean_interval(value_N, is_binary=False)
    wanted = stats.ttest_1samp(value_N, 0).confidence_interval()
    assert (found.low, found.high) == pytest.approx(tuple(wanted), rel=1e-4)


def test_the_bootstraps_interval_is_scipys(stats: Any):
    value_N = np.random.default_rng(1).gamma(2.0, 1.0, 150)
    found = compare(metric("mae"), value_N[:, None], None, 20_000).tuned
    wanted = stats.bootstrap(
        (value_N,), np.mean, n_resamples=20_000, method="percentile", rng=np.random.default_rng(2)
    ).confidence_interval
    assert (found.low, found.high) == pytest.approx(tuple(wanted), abs=0.01)


def test_the_permutation_tests_p_is_scipys(stats: Any):
    draw = np.random.default_rng(3)
    one, other = draw.random(60), draw.random(60) - 0.08
    found = compare(metric("mae"), one[:, None], other[:, None], 20_000).difference
    assert found is not None
    wanted = stats.permutation_test(
        (one, other),
        lambda a, b: abs(np.mean(a) - np.mean(b)),
        permutation_type="samples",
        n_resamples=20_000,
        alternative="greater",
        rng=draw,
    ).pvalue
    assert found.p == pytest.approx(wanted, abs=0.012)


def test_the_audits_auc_is_mann_and_whitneys(stats: Any):
    draw = np.random.default_rng(4)
    one, other = np.round(draw.normal(0.4, 1, 50), 1), np.round(draw.normal(0, 1, 70), 1)
    wanted = stats.mannwhitneyu(one, other).statistic / (50 * 70)
    assert auc(one, other).value == pytest.approx(wanted)


def test_nineteen_of_twenty_intervals_over_seeds_hold_the_truth():
    """Rows are easy or hard, seeds lucky or not; a little more than 95 % is what it promises."""
    draw, hits, times = np.random.default_rng(5), 0, 400
    for number in range(times):
        ease_N = draw.normal(1.0, 0.5, 80)
        luck_S = draw.normal(0.0, 0.1, 4)
        found = over_seeds(
            metric("mae"),
            [(ease_N + luck + draw.normal(0, 0.3, 80))[:, None] for luck in luck_S],
            seed=number,
        )
        hits += found.low <= 1.0 <= found.high
    assert 0.93 <= hits / times <= 0.985
