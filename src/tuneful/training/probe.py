"""A few steps on a few rows, after which every weight is put back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from tuneful.training.preflight.base import Overfit
from tuneful.training.preflight.overfit import STEPS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tuneful.training.sequences import Sequences
    from tuneful.training.setup import Setup


def overfit(setup: Setup, encoded: Sequences, rows: Sequence[int]) -> Overfit:
    """Train on the same rows again and again, at the run's own peak learning rate."""
    few = setup.ready(encoded.take(rows))
    optimizer, learner = setup.optimizer(lambda: few), setup.learner()
    before = {name: value.clone() for name, value in optimizer.weights().items()}
    losses: list[float] = []
    for _ in range(STEPS):
        torch.manual_seed(setup.settings.seed)  # the same dropout each time: losses can be compared
        losses.append(learner.learn(few).loss)
        optimizer.step(setup.settings.learning_rate)
    after = optimizer.weights()
    way = sum(float((after[name] - before[name]).square().sum()) for name in before)
    length = sum(float(value.square().sum()) for value in before.values())
    optimizer.load_state({f"weight/{name}": value for name, value in before.items()})
    return Overfit(losses, (way / length) ** 0.5)
