"""Reward modelling's losses and gradients, by numbers worked by hand; no model."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from tuneful.data.message import Message
from tuneful.data.rows import Preference, Ranked
from tuneful.methods.base import ClassScores, DataFacts, Encoded
from tuneful.methods.reward import Reward, RewardConfig
from tuneful.models.rewards import ranked


def scores_of(values: list[float], targets: list[tuple[float, ...]]) -> ClassScores:
    logits = torch.tensor(values, dtype=torch.float64, requires_grad=True)
    size = len(values)
    return ClassScores(
        logits[:, None], -torch.ones(size), torch.ones(size), torch.tensor(targets).double()
    )


def outcome(scores: ClassScores, **settings: Any) -> tuple[float, list[float], dict[str, float]]:
    loss = Reward(RewardConfig(**settings), DataFacts()).loss(scores)
    (gradient,) = torch.autograd.grad(loss.total, scores.logits_SC)
    return loss.total.item(), gradient[:, 0].tolist(), {n: v.item() for n, v in loss.sums.items()}


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def test_a_pair_is_bradley_terry_with_its_margin():
    loss, gradient, sums = outcome(scores_of([1.0, 0.5], [(2, 1, 0.2), (2, 2, 0.2)]))
    assert loss == pytest.approx(-math.log(sigmoid(0.3)))
    assert gradient == pytest.approx([-sigmoid(-0.3), sigmoid(-0.3)])
    assert sums == pytest.approx({"accuracy": 1.0, "margin": 0.5})


def test_scores_can_be_pulled_to_the_middle():
    loss, gradient, _ = outcome(scores_of([1.0, 0.5], [(2, 1, 0), (2, 2, 0)]), center=0.1)
    assert loss == pytest.approx(-math.log(sigmoid(0.5)) + 0.1 * 1.5**2)
    pull = sigmoid(-0.5)
    assert gradient == pytest.approx([-pull + 0.3, pull + 0.3])


def test_a_ranking_is_the_mean_of_its_pairs_and_ties_teach_nothing():
    # Ranks 1, 2, 2: two pairs, (2, 1) and (2, 0).
    targets = [(3, 1, 0), (3, 2, 0), (3, 2, 0)]
    loss, gradient, sums = outcome(scores_of([2.0, 1.0, 0.0], targets))
    assert loss == pytest.approx(-(math.log(sigmoid(1)) + math.log(sigmoid(2))) / 2)
    pulls = [sigmoid(-1) / 2, sigmoid(-2) / 2]
    assert gradient == pytest.approx([-sum(pulls), *pulls])
    assert sums == pytest.approx({"accuracy": 1.0, "margin": 1.5})


def test_plackett_luce_is_a_row_of_choices():
    targets = [(3, 1, 0), (3, 2, 0), (3, 3, 0)]
    scores, weights = [0.0, 1.0, -1.0], [1.0, math.e, 1 / math.e]
    loss, gradient, _ = outcome(scores_of(scores, targets), loss="plackett_luce")
    first = weights[0] / sum(weights)
    second = weights[1] / (weights[1] + weights[2])
    assert loss == pytest.approx(-(math.log(first) + math.log(second)) / 2)
    assert sum(gradient) == pytest.approx(0)
    assert gradient[0] == pytest.approx((first - 1) / 2)


def test_plackett_luce_of_a_pair_is_bradley_terry():
    pair = [(2, 1, 0), (2, 2, 0)]
    one = outcome(scores_of([0.3, 0.9], pair), loss="plackett_luce")
    assert one[0] == pytest.approx(outcome(scores_of([0.3, 0.9], pair))[0])


def test_rows_of_different_lengths_stand_side_by_side():
    long, short = [(3, 1, 0), (3, 2, 0), (3, 3, 0)], [(2, 1, 0.5), (2, 2, 0.5)]
    both = outcome(scores_of([2.0, 1.0, 0.0, 0.1, 0.7], [*long, *short]))[0]
    apart = outcome(scores_of([2.0, 1.0, 0.0], long))[0], outcome(scores_of([0.1, 0.7], short))[0]
    assert both == pytest.approx(sum(apart))
    method = Reward(RewardConfig(), DataFacts())
    sequences = [Encoded([1], targets=t) for t in (*long, *short)]
    assert method.units(sequences) == pytest.approx(2)


def test_answers_come_best_first_whatever_their_order_in_the_row():
    prompt, said = (Message("user", "Hi?"),), lambda text: (Message("assistant", text),)
    row = Ranked(prompt, ("c", "a", "b"), (3.0, 1.0, 2.0))
    assert ranked(row) == [(1.0, said("a")), (2.0, said("b")), (3.0, said("c"))]
    assert ranked(Preference(prompt, said("a"), said("b"))) == [(1.0, said("a")), (2.0, said("b"))]
