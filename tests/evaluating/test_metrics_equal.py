"""Metrics of classes, labels and ratings equal scikit-learn's, at random and on the edges."""

import warnings
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import numpy as np
import pytest

from tests.evaluating.test_metrics import classes, ratings, value
from tuneful.evaluating.bootstrap import compare
from tuneful.evaluating.calibration import fit_temperature, mean_nll, reliability
from tuneful.evaluating.measures.classes import ClassSample, class_sample
from tuneful.evaluating.measures.labels import LabelSample
from tuneful.evaluating.metrics import metric
from tuneful.evaluating.metrics.base import values

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def metrics() -> Any:
    return import_module("sklearn.metrics")


def samples() -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Truth and probabilities of two and more classes, with ties, of few rows and many."""
    draw = np.random.default_rng(0)
    for number in range(24):
        size, rows = 2 + number % 3, 8 + 13 * number
        truth = np.concatenate([np.arange(size), draw.integers(0, size, rows)])
        score = np.round(draw.random((len(truth), size)) + (truth[:, None] == np.arange(size)), 1)
        share = (score + 0.1) / (score + 0.1).sum(axis=1, keepdims=True)
        # The same number for the same scores: a tie that rounding parts is none for scikit-learn.
        share = np.round(share, 6)
        share[:, -1] = 1 - share[:, :-1].sum(axis=1)
        yield truth, share
    yield np.array([0, 1, 1, 0]), np.full((4, 2), 0.5)


def test_metrics_of_classes_are_scikit_learns(metrics: Any):
    for truth, share in samples():
        sample, is_two = ClassSample(truth, share), share.shape[1] == 2
        chosen, score = sample.chosen_N, share[:, 1] if is_two else share
        wanted = {
            "accuracy": metrics.accuracy_score(truth, chosen),
            "balanced_accuracy": metrics.balanced_accuracy_score(truth, chosen),
            "macro_f1": metrics.f1_score(truth, chosen, average="macro"),
            "mcc": metrics.matthews_corrcoef(truth, chosen),
            "auroc": metrics.roc_auc_score(truth, score, multi_class="ovr"),
            "brier": metrics.brier_score_loss(truth, score, labels=np.arange(share.shape[1])),
        }
        for name, number in wanted.items():
            assert value(name, sample) == pytest.approx(number, abs=1e-9), name


def test_metrics_of_classes_at_the_edges(metrics: Any):
    one = classes([1, 1, 1], [1, 1, 1], 2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn warns of one class
        assert value("mcc", one) == metrics.matthews_corrcoef([1, 1, 1], [1, 1, 1]) == 0.0
        assert value("balanced_accuracy", one) == metrics.balanced_accuracy_score([1] * 3, [1] * 3)
    assert np.isnan(value("auroc", one))
    always = classes([0, 1, 2, 2], [2, 2, 2, 2])
    assert value("mcc", always) == metrics.matthews_corrcoef([0, 1, 2, 2], [2] * 4) == 0.0
    assert value("balanced_accuracy", always) == pytest.approx(1 / 3)


def test_auroc_of_a_resample_is_that_of_its_rows_and_one_class_gives_none(metrics: Any):
    draw = np.random.default_rng(3)
    truth, score = draw.integers(0, 2, 30), np.round(draw.random(30), 1)
    sample = ClassSample(truth, np.stack([1 - score, score], axis=1))
    known = metric("auroc")
    drawn = draw.integers(0, 30, (50, 30))
    counts = np.stack([np.bincount(row, minlength=30) for row in drawn]).astype(np.float64)
    found = values(known, counts, known.statistics(sample))
    wanted = [metrics.roc_auc_score(truth[row], score[row]) for row in drawn]
    assert found == pytest.approx(wanted)
    only = values(known, (truth == 1).astype(np.float64)[None], known.statistics(sample))
    assert np.isnan(only).all()


def test_a_test_of_auroc_changes_models_row_by_row(metrics: Any):
    draw = np.random.default_rng(4)
    truth, known = draw.integers(0, 2, 60), metric("auroc")
    good, bad = (np.clip(truth * pull + draw.random(60), 0, 2) / 2 for pull in (1.0, 0.0))
    tuned, base = (
        known.statistics(ClassSample(truth, np.stack([1 - s, s], 1))) for s in (good, bad)
    )
    found = compare(known, tuned, base, 1000)
    assert found.difference is not None
    assert found.difference.p < 0.01 < found.difference.low
    assert found.tuned.value == pytest.approx(metrics.roc_auc_score(truth, good))
    same = compare(known, base, base, 200).difference
    assert same is not None
    assert (same.value, same.p) == (0.0, 1.0)


def test_auroc_of_more_classes_is_that_of_each_resamples_rows(metrics: Any):
    draw = np.random.default_rng(6)
    for truth, share in list(samples())[1:9]:
        sample, known, rows = ClassSample(truth, share), metric("auroc"), len(truth)
        drawn = draw.integers(0, rows, (70, rows))  # more than are taken at once
        counts = np.stack([np.bincount(row, minlength=rows) for row in drawn]).astype(np.float64)
        found = values(known, counts, known.statistics(sample))
        for number, row in zip(found, drawn, strict=True):
            of_each = [
                metrics.roc_auc_score(truth[row] == c, share[row, c])
                for c in range(share.shape[1])
                if 0 < (truth[row] == c).sum() < rows
            ]
            assert number == pytest.approx(np.mean(of_each), abs=1e-12)


def many_labels() -> Iterator[LabelSample]:
    """Texts of several classes: at random, with ties, of none and of all, one class never there."""
    draw = np.random.default_rng(7)
    for number in range(12):
        rows, size = 6 + 11 * number, 1 + number % 5
        is_NC = (draw.random((rows, size)) < 0.4).astype(np.float64)
        is_NC[0], is_NC[1] = 0, 1
        odds_NC = is_NC + draw.normal(size=(rows, size)) - 0.5
        yield LabelSample(is_NC, np.round(odds_NC, 1) if number % 2 else odds_NC)
    yield LabelSample(np.eye(3), np.full((3, 3), -1.0))


def test_metrics_of_labels_are_scikit_learns(metrics: Any):
    for sample in many_labels():
        truth, chosen = sample.is_NC.astype(int), sample.chose_NC.astype(int)
        pair = (truth, chosen) if truth.shape[1] > 1 else (truth[:, 0], chosen[:, 0])
        own = {"average": "binary"} if truth.shape[1] == 1 else {}
        wanted = {
            "macro_f1": metrics.f1_score(*pair, zero_division=0, **(own or {"average": "macro"})),
            "micro_f1": metrics.f1_score(*pair, zero_division=0, **(own or {"average": "micro"})),
            "subset_accuracy": metrics.accuracy_score(*pair),
            "auroc": metrics.roc_auc_score(truth, sample.log_odds_NC, average="macro"),
        }
        for name, number in wanted.items():
            assert value(name, sample) == pytest.approx(number, abs=1e-12), name


def test_auroc_of_labels_leaves_out_what_none_or_all_have(metrics: Any):
    is_NC = np.array([[1, 0, 1], [0, 0, 1], [1, 0, 1.0]])
    odds_NC = np.array([[0.4, 2, 3], [0.4, 1, 2], [0.9, 0, 1]])
    found = value("auroc", LabelSample(is_NC, odds_NC))
    assert found == metrics.roc_auc_score(is_NC[:, 0], odds_NC[:, 0]) == 0.75
    assert np.isnan(value("auroc", LabelSample(is_NC[:, 1:], odds_NC[:, 1:])))


def test_micro_f1_of_classes_is_scikit_learns(metrics: Any):
    for truth, share in samples():
        sample = ClassSample(truth, share)
        wanted = metrics.f1_score(truth, sample.chosen_N, average="micro")
        assert value("micro_f1", sample) == pytest.approx(wanted)
        assert value("micro_f1", sample) == pytest.approx(value("accuracy", sample))


def test_reliability_and_calibration_error_are_those_of_scikit_learns_curve():
    curve: Any = import_module("sklearn.calibration").calibration_curve
    edges = np.stack([np.arange(8, 16) / 15, 1 - np.arange(8, 16) / 15], axis=1)
    known = [*samples(), (np.arange(8) % 2, edges)]
    for truth, share in known:
        sample, bins = ClassSample(truth, share), reliability(share, truth)
        right, sure = curve(sample.chosen_N == truth, share.max(axis=1), n_bins=15)
        assert [one["right"] for one in bins] == pytest.approx(right.tolist())
        assert [one["confidence"] for one in bins] == pytest.approx(sure.tolist())
        rows = np.array([one["rows"] for one in bins])
        assert value("ece", sample) == pytest.approx((rows * abs(right - sure)).sum() / rows.sum())


def test_the_temperature_is_the_one_that_scipy_finds(metrics: Any):
    search: Any = import_module("scipy.optimize").minimize_scalar
    draw = np.random.default_rng(8)
    for size in (2, 5):
        truth = draw.integers(0, size, 200)
        logits = (3 * draw.normal(size=(200, size)) + np.eye(size)[truth]).astype(np.float32)

        def nll(temperature: float, truth: Any = truth, logits: Any = logits) -> float:
            share = class_sample(truth, logits, temperature).probability_NC
            return metrics.log_loss(truth, share)

        best = search(nll, bounds=(0.05, 20), method="bounded", options={"xatol": 1e-8}).x
        assert fit_temperature(logits, truth) == pytest.approx(best, rel=1e-5)
        assert mean_nll(logits, truth, 2.0) == pytest.approx(nll(2.0))


def test_quadratic_kappa_is_scikit_learns(metrics: Any):
    draw = np.random.default_rng(9)
    # All levels are named: scikit-learn counts steps between those that it knows.
    how: Any = {"weights": "quadratic", "labels": [1, 2, 3, 4, 5]}
    for rows in (2, 9, 200):
        truth, found = draw.integers(1, 6, rows), draw.integers(1, 6, rows)
        truth[0], found[0] = 1, 5
        wanted = metrics.cohen_kappa_score(truth, found, **how)
        sample = ratings(truth.tolist(), found.tolist())
        assert value("quadratic_kappa", sample) == pytest.approx(wanted)
        assert value("rating_accuracy", sample) == metrics.accuracy_score(truth, found)
    always = ratings([1, 2, 3], [2, 2, 2])
    wanted = metrics.cohen_kappa_score([1, 2, 3], [2, 2, 2], **how)
    assert value("quadratic_kappa", always) == pytest.approx(wanted)


def test_errors_of_ratings_are_scikit_learns(metrics: Any):
    draw = np.random.default_rng(1)
    for rows in (1, 7, 200):
        truth, found = draw.integers(1, 6, rows), 1 + 4 * draw.random(rows)
        sample = ratings(truth.tolist(), found.tolist())
        assert value("rmse", sample) == pytest.approx(metrics.root_mean_squared_error(truth, found))
        assert value("mae", sample) == pytest.approx(metrics.mean_absolute_error(truth, found))
