"""One step of DP-SGD: gradients of rows clipped one by one, summed, and hidden in noise.

Paper: Abadi et al. 2016, arXiv:1607.00133, algorithm 1. The gradient of a row is that of its mean
       loss; it is computed by a backward pass of its own, clipped as one vector over all trained
       weights, and only then added, so that no row moves the sum by more than the bound. Noise is
       added to every trained weight, and the sum divided by the expected number of rows.
Limits: noise and sampling come from seeded generators (Mersenne Twister, PCG64), which are not
       cryptographic; their seed is drawn from the system and stays in the run's folder. Noise is
       made of floating-point numbers (Mironov 2012 shows what that can leak).
"""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from tuneful.training.steps import Measured, mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from tuneful.core.run import Run
    from tuneful.methods.base import Encoded
    from tuneful.planning.privacy import Budget
    from tuneful.training.optimizer import Optimizer
    from tuneful.training.steps import Learner

SEED_FILE = "secret.json"
TINY = 1e-6


@dataclass(frozen=True)
class Mechanism:
    """What turns the rows of a step into a gradient that hides each of them.

    Attributes:
        bound: Longest gradient of one row.
        noise_multiplier: Standard deviation of the noise on the sum, by the bound.
        expected_rows: Rows of a step on average.
        secret: Seed of the noise.
    """

    bound: float
    noise_multiplier: float
    expected_rows: float
    secret: int

    def learn(
        self, learner: Learner, optimizer: Optimizer, rows: Sequence[Sequence[Encoded]], step: int
    ) -> Measured:
        """Leave the noisy mean gradient with the optimizer; a step may have drawn no row."""
        sums = [torch.zeros_like(m, requires_grad=False) for m in optimizer.masters]
        parts: list[Measured] = []
        num_clipped = 0
        for row in rows:
            if learner.method.units(row) <= 0:
                continue  # nothing of it is learned: its gradient is 0
            optimizer.forget_gradients()
            parts.append(learner.learn([row]))
            num_clipped += add_clipped(sums, [m.grad for m in optimizer.masters], self.bound)
        add_noise(sums, self.noise_multiplier * self.bound, seed_of(self.secret, step))
        for total, master in zip(sums, optimizer.masters, strict=True):
            master.grad = total.div_(self.expected_rows)
        counts = {"rows": float(len(rows)), "clipped": num_clipped / max(1, len(parts))}
        if not parts:
            return Measured(0.0, 0.0, 0, counts)
        whole = mean(parts)
        return Measured(whole.loss, whole.units, whole.tokens, {**whole.metrics, **counts})


def add_clipped(sums: Sequence[Tensor], gradients: Sequence[Tensor | None], bound: float) -> bool:
    """Add a row's gradient, shortened to `bound` where it is longer. Returns whether it was.

    A gradient that is not finite is left out: it counts as 0.
    """
    found = [g for g in gradients if g is not None]
    norm = float(torch.nn.utils.get_total_norm(found)) if found else 0.0
    factor = min(1.0, bound / (norm + TINY))
    if factor > 0 and norm < float("inf"):
        for total, gradient in zip(sums, gradients, strict=True):
            if gradient is not None:
                total.add_(gradient, alpha=factor)
    return factor < 1.0


def add_noise(sums: Sequence[Tensor], deviation: float, seed: int) -> None:
    """Add independent Gaussian noise to every number."""
    draw = torch.Generator().manual_seed(seed)
    for total in sums:
        noise = torch.normal(0.0, deviation, total.shape, generator=draw)
        total.add_(noise.to(total.device))


def seed_of(secret: int, step: int) -> int:
    """A seed of its own for each step, from which neither the secret nor another one follows."""
    text = f"{secret} {step}".encode()
    return int.from_bytes(hashlib.sha256(text).digest()[:8], "big") >> 1


def secret_of(run: Run, budget: Budget) -> int:
    """The seed of a run's sampling and noise: drawn once, kept in its folder for the owner alone.

    Whoever knows it can take the noise away; it never goes into the model's folder.
    """
    if budget.seed is not None:
        return budget.seed
    path = run.path / SEED_FILE
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(json.dumps({"secret": secrets.randbits(62)}), encoding="utf-8")
    return int(json.loads(path.read_text(encoding="utf-8"))["secret"])
