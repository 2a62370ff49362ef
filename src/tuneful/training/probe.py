"""A few steps on a few rows or answers, after which every weight is put back."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import torch

from tuneful.core.events import ignore
from tuneful.models.packing import cut_into_passes
from tuneful.training.answers import Graded, learnable, weigh
from tuneful.training.preflight.answers import NUM_PROMPTS
from tuneful.training.preflight.answers import STEPS as STEPS_ON_ANSWERS
from tuneful.training.preflight.base import Overfit, Rehearsed, Tried
from tuneful.training.preflight.overfit import STEPS
from tuneful.training.rollouts import make_rollouts

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from tuneful.core.store import Store
    from tuneful.data.dataset import Dataset
    from tuneful.methods.base import Encoded
    from tuneful.training.optimizer import Optimizer
    from tuneful.training.rounds import Said
    from tuneful.training.sequences import Sequences
    from tuneful.training.setup import Setup
    from tuneful.training.steps import Learner

PROMPTS = 8
"""Answered before a run: enough to see whether rewards differ."""


def overfit(setup: Setup, encoded: Sequences, rows: Sequence[int]) -> Overfit:
    """Train on the same rows again and again, at the run's own peak learning rate."""
    few = setup.ready(encoded.take(rows))
    optimizer, learner = setup.optimizer(lambda: few), setup.learner()
    with _put_back(optimizer) as moved:
        losses = _steps(setup, optimizer, learner, few, STEPS)
        return Overfit(losses, moved())


@dataclass(frozen=True)
class FirstAnswers:
    """The untrained model's graded answers to prompts from all over the training rows."""

    setup: Setup
    data: Dataset
    store: Store

    def tried(self) -> list[list[Tried]]:
        """What it said, and what graders gave."""
        return [
            [Tried(one.answer, one.reward, one.failed, one.is_ended) for one in group]
            for group in self._said[1]
        ]

    def rehearse(self) -> Rehearsed | None:
        """Learn from some of them a few times; None where no answer is better than another."""
        setup, learner = self.setup, self.setup.learner()
        rows = self._some(learner)
        if not rows:
            return None
        optimizer = setup.optimizer(lambda: rows)
        with _put_back(optimizer) as moved:
            before = _lead(learner, rows)
            _steps(setup, optimizer, learner, rows, STEPS_ON_ANSWERS)
            gain = _lead(learner, rows) - before
            return Rehearsed(gain, moved(), sum(len(row) for row in rows))

    @cached_property
    def _said(self) -> tuple[list[Encoded], list[list[Said]]]:
        setup, total = self.setup, self.data.num_rows("train")
        count = min(PROMPTS, total)
        with TemporaryDirectory() as folder:
            learner = setup.learner()
            rollouts = make_rollouts(Path(folder), setup, learner, self.data, self.store, ignore)
            rows, prompts = rollouts.prompts.take([n * total // count for n in range(count)])
            try:
                return prompts, rollouts.ask(rows, prompts, rollouts.sampling(0))
            finally:
                rollouts.close()

    def _some(self, learner: Learner) -> list[list[Encoded]]:
        """The answers to a few prompts of which some are better, the shortest first."""
        prompts, said = self._said
        graded = [[Graded(one.tokens, one.reward) for one in group] for group in said]
        known = weigh(learner, prompts, graded, {}).facts
        rows = [
            [
                learnable(prompt, one.tokens, own)
                for one, own in zip(group, facts, strict=True)
                if one.reward is not None
            ]
            for prompt, group, facts in zip(prompts, graded, known, strict=True)
        ]
        differ = [row for row in rows if any(any(s.facts["advantage"]) for s in row)]
        return sorted(differ, key=lambda row: sum(len(s.tokens) for s in row))[:NUM_PROMPTS]


def _steps(
    setup: Setup, optimizer: Optimizer, learner: Learner, rows: list[list[Encoded]], count: int
) -> list[float]:
    """The loss before each of so many steps on the same rows."""
    losses: list[float] = []
    for _ in range(count):
        torch.manual_seed(setup.settings.seed)  # the same dropout each time: losses can be compared
        losses.append(learner.learn(rows).loss)
        optimizer.step(setup.settings.learning_rate)
    return losses


@contextmanager
def _put_back(optimizer: Optimizer) -> Generator[Callable[[], float]]:
    """Put every weight back in the end. Gives the length of their way, relative to their own."""
    before = {name: value.clone() for name, value in optimizer.weights().items()}

    def moved() -> float:
        after = optimizer.weights()
        way = sum(float((after[name] - before[name]).square().sum()) for name in before)
        return (way / sum(float(value.square().sum()) for value in before.values())) ** 0.5

    try:
        yield moved
    finally:
        optimizer.load_state({f"weight/{name}": value for name, value in before.items()})


def _lead(learner: Learner, rows: list[list[Encoded]]) -> float:
    """Mean log p of tokens by their advantage: of the better ones, less that of the worse."""
    sequences = [sequence for row in rows for sequence in row]
    learner.scorer.model.eval()
    total = size = 0.0
    for members in cut_into_passes([len(s.tokens) for s in sequences], learner.tokens_per_pass):
        some = [sequences[number] for number in members]
        with torch.no_grad():
            logp_N = learner.scorer.token_logp([s.tokens for s in some], [s.weights for s in some])
        pairs = [pair for s in some for pair in zip(s.facts["advantage"], s.weights, strict=True)]
        advantage_N = logp_N[0].new_tensor([a for a, weight in pairs if weight > 0])
        total += float((advantage_N * logp_N[0]).sum())
        size += float(advantage_N.abs().sum())
    return total / max(size, 1e-9)
