"""Metrics equal their reference libraries on random input and on the edges."""

import random
import warnings
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.evaluating.test_metrics import answers, classes, ratings, value
from tests.world import encoder, review
from tuneful.evaluating.bootstrap import compare
from tuneful.evaluating.measures.classes import ClassSample
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


def test_errors_of_ratings_are_scikit_learns(metrics: Any):
    draw = np.random.default_rng(1)
    for rows in (1, 7, 200):
        truth, found = draw.integers(1, 6, rows), 1 + 4 * draw.random(rows)
        sample = ratings(truth.tolist(), found.tolist())
        assert value("rmse", sample) == pytest.approx(metrics.root_mean_squared_error(truth, found))
        assert value("mae", sample) == pytest.approx(metrics.mean_absolute_error(truth, found))


def texts(count: int, seed: int = 0) -> list[tuple[str, str]]:
    """Answers and references with words in common, and the edges: empty, equal, short, foreign."""
    draw = random.Random(seed)
    words = "the cat, sat. on Mat 3.5% don't «où» 猫が it's a-b U.S. &amp; x".split()  # noqa: SIM905  (shorter)
    found = [("", ""), ("", "a cat"), ("a cat", ""), ("same words here now", "same words here now")]
    found += [("a", "a"), ("猫が座った", "猫が座っている"), ("!!! ?", "..."), ("a b c", "c b a")]
    while len(found) < count:
        meant = draw.choices(words, k=draw.randint(1, 14))
        said = [draw.choice(words) if draw.random() < 0.3 else word for word in meant]
        found.append((" ".join(said[: draw.randint(0, 14)]), " ".join(meant)))
    return found


def test_rouge_is_the_packages():
    scorer: Any = import_module("rouge_score.rouge_scorer")
    names = {"rouge1": "rouge_1", "rouge2": "rouge_2", "rougeL": "rouge_l"}
    reference = scorer.RougeScorer(list(names))
    for said, meant in texts(80):
        wanted = reference.score(meant, said)
        for theirs, ours in names.items():
            found = value(ours, answers([said], [meant]))
            assert found == pytest.approx(wanted[theirs].fmeasure), (ours, said, meant)


def test_bleu_and_chrf_are_sacrebleus():
    sacrebleu: Any = import_module("sacrebleu.metrics")
    chosen = [texts(60, seed) for seed in range(3)] + [[one] for one in texts(12)]
    chosen += [[("a b c d e", "v w x y z")], [("a b c d", "a b x y")]]
    for pairs in chosen:
        said, meant = [one for one, _ in pairs], [one for _, one in pairs]
        sample = answers(said, meant)
        for name, reference in {
            "bleu": sacrebleu.BLEU(),
            "bleu:zh": sacrebleu.BLEU(tokenize="zh"),
            "bleu:char": sacrebleu.BLEU(tokenize="char"),
            "chrf": sacrebleu.CHRF(),
        }.items():
            wanted = reference.corpus_score(said, [meant]).score
            assert 100 * value(name, sample) == pytest.approx(wanted, abs=1e-9), (name, pairs[:2])


def test_a_resample_of_bleu_is_that_of_its_rows():
    sacrebleu: Any = import_module("sacrebleu.metrics")
    pairs = texts(30)
    drawn = np.random.default_rng(0).integers(0, 30, (20, 30))
    counts = np.stack([np.bincount(row, minlength=30) for row in drawn]).astype(np.float64)
    sample = answers(*map(list, zip(*pairs, strict=True)))
    for name, reference in {"bleu": sacrebleu.BLEU(), "chrf": sacrebleu.CHRF()}.items():
        known = metric(name)
        found = 100 * values(known, counts, known.statistics(sample))
        for number, row in zip(found, drawn, strict=True):
            said, meant = zip(*(pairs[at] for at in row), strict=True)
            assert number == pytest.approx(reference.corpus_score(said, [meant]).score)


def test_bertscore_is_the_authors(tmp_path: Path):
    bert_score: Any = import_module("bert_score")
    folder = str(encoder(tmp_path / "encoder"))
    draw = random.Random(5)
    pairs = [(review(draw, is_good=True), review(draw, is_good=n % 2 == 0)) for n in range(12)]
    pairs += [("good", "good"), ("film dull", "dull film")]
    said, meant = map(list, zip(*pairs, strict=True))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library warns of its own and of others' age
        _, _, wanted = bert_score.score(said, meant, model_type=folder, num_layers=2)
    known = metric(f"bertscore:{folder}")
    found = known.statistics(answers(said, meant))[:, 0]
    assert found == pytest.approx(wanted.numpy(), abs=1e-4)
    assert value(f"bertscore:{folder}", answers([""], ["good"])) == 0.0
