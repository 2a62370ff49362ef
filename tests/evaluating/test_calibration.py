"""Temperature scaling finds the factor that logits were scaled by."""

import numpy as np
import pytest

from tuneful.evaluating.calibration import fit_temperature, mean_nll


@pytest.mark.parametrize("factor", [0.5, 1.0, 3.0])
def test_the_factor_is_found(factor: float):
    draw = np.random.default_rng(0)
    logits = draw.normal(size=(20_000, 3)).astype(np.float32) * 2
    share = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    truth = (share.cumsum(axis=1) > draw.random((20_000, 1))).argmax(axis=1)
    assert fit_temperature(logits * factor, truth) == pytest.approx(factor, rel=0.05)


def test_it_never_makes_the_fitted_rows_worse():
    draw = np.random.default_rng(1)
    logits, truth = draw.normal(size=(60, 2)).astype(np.float32), draw.integers(0, 2, 60)
    fitted = fit_temperature(logits, truth)
    assert mean_nll(logits, truth, fitted) <= mean_nll(logits, truth, 1.0) + 1e-9


def test_nll_by_hand():
    logits = np.array([[np.log(3.0), 0.0]], dtype=np.float32)
    assert mean_nll(logits, np.array([0]), 1.0) == pytest.approx(-np.log(0.75))
