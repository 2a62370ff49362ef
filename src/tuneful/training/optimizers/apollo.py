"""APOLLO: the gradient itself, scaled channel by channel as Adam on a random projection would.

Paper: Zhu et al. 2024, arXiv:2412.05270, algorithm 1, with the norm-growth limiter of Chen et al.
       2024 (Fira, arXiv:2410.01623). Embeddings, heads and vectors take AdamW.
State: with rank r, 8 r bytes a channel of the blocks' matrices, 8 a weight elsewhere; the
       projection is drawn anew each step from its seed.
"""

from __future__ import annotations

import math
import zlib
from typing import TYPE_CHECKING, ClassVar, Literal, cast

from pydantic import Field

from tuneful.planning.optimizer import ADAM_BYTES, OptimizerConfig
from tuneful.training.optimizers.base import Adam, State, Weight, shrink

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

GROWTH = 1.01
TINY = 1e-8


class ApolloConfig(OptimizerConfig):
    """Settings of APOLLO; APOLLO-Mini is rank 1, by tensor, scale 128 (section 4.3)."""

    name: Literal["apollo"] = Field(default="apollo", description="Adam's scale, by projection.")
    rank: int = Field(default=128, ge=1, description="Width of the random projection.")
    every: int = Field(default=200, ge=1, description="Steps between new projections.")
    scale: float = Field(default=1.0, gt=0, description="The step is times sqrt(scale).")
    by: Literal["channel", "tensor"] = Field(default="channel", description="What is scaled alike.")

    def state_bytes(self, hidden: int, others: int, width: int) -> float:
        """Two means of the projection."""
        return ADAM_BYTES * (min(self.rank, width) / width * hidden + others)


class Apollo:
    """Gradients scaled by Adam in a random low-rank space, AdamW for the rest."""

    Config: ClassVar[type[ApolloConfig]] = ApolloConfig
    paper: ClassVar[str] = "Zhu et al. 2024, arXiv:2412.05270"

    def __init__(self, config: ApolloConfig) -> None:
        self.config, self.adam = config, Adam()

    def update(self, weight: Weight, gradient: Tensor, state: State, rate: float) -> None:
        """One step. A channel is a place on the longer side."""
        if not weight.is_hidden or min(gradient.shape) <= self.config.rank:
            self.adam.update(weight, gradient, state, rate)
            return
        is_tall = gradient.shape[0] >= gradient.shape[1]
        period = int(state["step"]) // self.config.every if state else 0
        basis = projection(weight.name, period, min(gradient.shape), self.config.rank)
        basis = basis.to(gradient.device)
        low = gradient @ basis if is_tall else basis.T @ gradient
        moved = self.adam.direction(low, state)
        dim = None if self.config.by == "tensor" else int(is_tall)
        factor = _norm(moved, dim) / (_norm(low, dim) + TINY)
        step = gradient * factor * math.sqrt(self.config.scale)
        shrink(weight, rate)
        size = rate * self.adam.correction(state) / _limit(step, state)
        weight.master.add_(step, alpha=-size)


def projection(name: str, period: int, side: int, rank: int) -> Tensor:
    """A Gaussian matrix [side, rank] of variance 1 / rank: a function of weight and period."""
    import torch

    draw = torch.Generator().manual_seed(zlib.crc32(f"{name} {period}".encode()))
    return torch.randn(side, rank, generator=draw) / math.sqrt(rank)


def _norm(matrix: Tensor, dim: int | None) -> Tensor:
    import torch

    norm = cast("Callable[..., Tensor]", torch.linalg.vector_norm)
    return norm(matrix, dim=dim, keepdim=dim is not None)


def _limit(step: Tensor, state: State) -> float:
    """By what to divide so that the step's norm grows by 1 % at most."""
    import torch

    norm, before = float(_norm(step, None)), state.get("norm")
    limit = 1.0 if before is None else max(norm / (float(before) + TINY), GROWTH) / GROWTH
    state["norm"] = torch.tensor(norm / limit, dtype=torch.float64)
    return limit
