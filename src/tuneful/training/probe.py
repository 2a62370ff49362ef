"""A few steps on a few rows, after which every weight is put back; or a few answers."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import torch

from tuneful.core.events import ignore
from tuneful.training.preflight.base import Overfit, Tried
from tuneful.training.preflight.overfit import STEPS
from tuneful.training.rollouts import make_rollouts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tuneful.core.store import Store
    from tuneful.data.dataset import Dataset
    from tuneful.training.sequences import Sequences
    from tuneful.training.setup import Setup

PROMPTS = 8
"""Answered before a run: enough to see whether rewards differ."""


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


def ask_a_few(setup: Setup, data: Dataset, store: Store) -> list[list[Tried]]:
    """The untrained model's graded answers to prompts from all over the training rows."""
    with TemporaryDirectory() as folder:
        rollouts = make_rollouts(Path(folder), setup, setup.learner(), data, store, ignore)
        total = data.num_rows("train")
        count = min(PROMPTS, total)
        rows, prompts = rollouts.prompts.take([n * total // count for n in range(count)])
        try:
            groups = rollouts.ask(rows, prompts, rollouts.sampling(0))
        finally:
            rollouts.close()
    return [
        [Tried(one.answer, one.reward, one.failed, one.is_ended) for one in group]
        for group in groups
    ]
