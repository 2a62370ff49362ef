"""Every way to choose rows, by arrays that a person can check; no model is loaded."""

import numpy as np
import pytest

from tuneful.data.selecting import SELECTORS
from tuneful.data.selecting.base import Features, choose_rows, quotas, ranked
from tuneful.data.selecting.el2n import el2n
from tuneful.data.selecting.forgetting import events
from tuneful.data.selecting.grand import grand
from tuneful.data.selecting.ifd import ifd
from tuneful.data.selecting.k_center import cover
from tuneful.data.selecting.k_means import k_means
from tuneful.data.selecting.less import influence


def floats(values: object):
    return np.array(values, np.float32)


def draw(seed: int = 0):
    return np.random.default_rng(seed)


def made(name: str, **settings: object):
    kind = SELECTORS[name]
    return kind(kind.Config.model_validate({"name": name, "fraction": 0.5, **settings}))


def known(num_rows: int = 12, classes: int = 2, seed: int = 0) -> Features:
    """Random features of every kind."""
    rng = draw(seed)
    chance = rng.dirichlet(np.ones(classes), size=(num_rows, 2, 10))
    embedding = rng.normal(size=(num_rows, 5)).astype(np.float32)
    return Features(
        length_N=rng.integers(1, 99, num_rows),
        label_N=np.arange(num_rows) % classes,
        embedding_ND=embedding,
        input_ND=embedding,
        chance_NRTC=chance.astype(np.float32),
        loss_N=rng.uniform(0.1, 3, num_rows).astype(np.float32),
        lone_N=rng.uniform(0.1, 3, num_rows).astype(np.float32),
        gradient_NTP=rng.normal(size=(num_rows, 3, 4)).astype(np.float32),
        target_GTP=rng.normal(size=(2, 3, 4)).astype(np.float32),
        rate_T=floats([1, 1, 1]),
    )


@pytest.mark.parametrize("name", sorted(SELECTORS.table))
@pytest.mark.parametrize("keep_shares", [True, False])
def test_as_many_different_rows_are_chosen_as_asked_for(name: str, keep_shares: bool):
    features = known()
    for count in (1, 5, 12):
        rows = choose_rows(made(name), features, count, draw(), keep_shares=keep_shares)
        assert len(set(rows.tolist())) == count
        assert rows.tolist() == sorted(rows.tolist())
        again = choose_rows(made(name), features, count, draw(), keep_shares=keep_shares)
        assert again.tolist() == rows.tolist()


def test_classes_keep_their_shares_and_none_is_lost():
    label_N = np.array([0] * 16 + [1] * 3 + [2])
    features = Features(length_N=np.arange(20, 0, -1), label_N=label_N)
    rows = choose_rows(made("length"), features, 5, draw(), keep_shares=True)
    assert np.bincount(label_N[rows]).tolist() == [3, 1, 1]
    assert rows.tolist() == [0, 1, 2, 16, 19]  # the longest of each
    assert choose_rows(made("length"), features, 5, draw(), keep_shares=False).tolist() == [
        *range(5)
    ]
    assert sum(quotas(np.array([3, 3, 3]), 2)) == 2  # fewer rows than classes


def test_ties_go_to_the_rows_that_come_first():
    assert ranked(floats([1, 1, 1, 0]), 2, "high").tolist() == [0, 1]
    assert ranked(floats([1, 0, 0, 1]), 3, "low").tolist() == [1, 2, 0]


def test_random_rows_are_drawn_by_the_seed():
    features = Features(length_N=np.arange(100))
    first, second = (made("random").choose(features, 10, draw(seed)) for seed in (0, 1))
    assert first.tolist() != second.tolist()


def test_k_center_takes_the_farthest_point_each_time():
    # On a line at 0, 1, 2, 7, 10 from 0 on: 10 is farthest; then 7 is 3 away from 10, 2 is 2 from
    # 0; then 2.
    line = floats([[0], [1], [2], [7], [10]])
    assert cover(line, 4, 0).tolist() == [0, 4, 3, 2]
    copies = floats([[1], [1], [1], [5]])
    assert sorted(cover(copies, 4, 0).tolist()) == [0, 1, 2, 3]


def test_k_means_finds_two_heaps_and_takes_their_middle_or_their_edge():
    # Directions of two heaps of three; in each the second one lies between the others.
    angles = np.radians([0, 10, 20, 90, 100, 110])
    points = floats(np.stack([np.cos(angles), np.sin(angles)], axis=1))
    centers, own = k_means(points, 2, draw())
    assert len(set(own[:3])) == len(set(own[3:])) == 1
    assert own[0] != own[3]
    features = Features(length_N=np.ones(6, int), embedding_ND=points * 7)  # length is no matter
    easy = made("k_means_easy", clusters=2).choose(features, 2, draw())
    hard = made("k_means_hard", clusters=2).choose(features, 4, draw())
    assert sorted(easy.tolist()) == [1, 4]
    assert sorted(hard.tolist()) == [0, 2, 3, 5]
    assert np.allclose(centers[own[0]], points[:3].mean(axis=0), atol=1e-6)


def history(*epochs: list[float], label: int = 0) -> Features:
    """One row, one init: the chance of class 0 after each epoch."""
    chance = floats([[[[p, 1 - p] for p in epoch]] for epoch in epochs])
    inputs = floats([[3, 4]] * len(epochs))
    return Features(
        length_N=np.ones(len(epochs), int),
        label_N=np.full(len(epochs), label),
        input_ND=inputs,
        chance_NRTC=chance,
    )


def test_el2n_and_grand_are_lengths_of_error_and_gradient():
    features = history([0.5, 0.9], [0.2, 1.0])
    # p - y = (-0.5, 0.5), (-0.8, 0.8); then (-0.1, 0.1), (0, 0).
    assert el2n(features, 1) == pytest.approx([0.5 * 2**0.5, 0.8 * 2**0.5])
    assert el2n(features, 2) == pytest.approx([0.1 * 2**0.5, 0.0], abs=1e-6)
    # The input is (3, 4) and a one for the bias: its length is sqrt(26).
    assert grand(features, 1) == pytest.approx([0.5 * 52**0.5, 0.8 * 52**0.5])
    # It is the gradient of cross-entropy: d(-log p_0)/dW = (p - y) [x, 1], by its entries.
    entries = np.outer([-0.5, 0.5], [3, 4, 1])
    assert grand(features, 1)[0] == pytest.approx(np.linalg.norm(entries))


def test_forgetting_counts_what_was_right_and_is_wrong_at_the_next_look():
    features = history(
        [0.9, 0.9, 0.9, 0.9],  # never forgotten
        [0.9, 0.1, 0.9, 0.1],  # twice
        [0.1, 0.9, 0.9, 0.1],  # once
        [0.1, 0.1, 0.1, 0.1],  # never learned: T = 4
        [0.6, 0.9, 0.9, 0.9],  # never forgotten, less sure
    )
    assert events(features).tolist() == [0, 2, 1, 4, 0]
    chosen = made("forgetting").choose(features, 5, draw())
    assert chosen.tolist() == [3, 1, 2, 4, 0]


def test_ifd_is_the_loss_with_the_question_by_that_without():
    features = Features(
        length_N=np.ones(4, int), loss_N=floats([1, 3, 1.8, 4]), lone_N=floats([2] * 4)
    )
    assert ifd(features) == pytest.approx([0.5, 1.5, 0.9, 2.0])
    # The highest below 1 first; of the others, those that mislead least.
    assert made("ifd").choose(features, 4, draw()).tolist() == [2, 0, 1, 3]
    assert made("perplexity").choose(features, 2, draw()).tolist() == [2, 1]  # 1, 1.8, 3, 4


def test_less_sums_cosines_with_the_group_that_a_row_helps_most():
    gradient = floats([[[2, 0], [0, 3]], [[0, -1], [1, 1]], [[-5, 0], [0, -5]]])
    target = floats([[[1, 0], [0, 1]], [[0, -2], [0, 2]]])
    features = Features(
        length_N=np.ones(3, int),
        gradient_NTP=gradient,
        target_GTP=target,
        rate_T=floats([1.0, 0.5]),
    )
    # Row 0: group 0 1 + 0.5, group 1 0 + 0.5. Row 1: group 0 0 + 0.5/sqrt(2), group 1 1 + that.
    # Row 2: group 0 -1 - 0.5, group 1 0 - 0.5.
    half = 0.5 / 2**0.5
    assert influence(features) == pytest.approx([1.5, 1 + half, -0.5], rel=1e-5)
    assert made("less").choose(features, 2, draw()).tolist() == [0, 1]
