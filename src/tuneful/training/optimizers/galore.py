"""GaLore: Adam's means of a block's matrix live in the space of its gradient's largest directions.

Paper: Zhao et al. 2024, arXiv:2403.03507, algorithm 2. Embeddings, heads and vectors take AdamW.
State: with rank r, 4 r (shorter + 2 longer side) bytes a matrix of the blocks, 8 a weight
       elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal, cast

from pydantic import Field

from tuneful.planning.optimizer import ADAM_BYTES, FLOAT32, OptimizerConfig
from tuneful.training.optimizers.base import Adam, State, Weight, shrink

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor


class GaLoreConfig(OptimizerConfig):
    """Settings of GaLore."""

    name: Literal["galore"] = Field(default="galore", description="Adam in a low-rank space.")
    rank: int = Field(default=128, ge=1, description="Directions kept of each matrix.")
    every: int = Field(default=200, ge=1, description="Steps between new directions (figure 5).")
    scale: float = Field(default=0.25, gt=0, description="Of the step, once it is projected back.")

    def state_bytes(self, hidden: int, others: int, width: int) -> float:
        """A usual matrix counts as width x 3 width."""
        share = min(self.rank, width) * (1 + 2 * 3) / (3 * width)
        return FLOAT32 * share * hidden + ADAM_BYTES * others


class GaLore:
    """Adam on projections of the blocks' gradients, AdamW for the rest."""

    Config: ClassVar[type[GaLoreConfig]] = GaLoreConfig
    paper: ClassVar[str] = "Zhao et al. 2024, arXiv:2403.03507"

    def __init__(self, config: GaLoreConfig) -> None:
        self.config, self.adam = config, Adam()

    def update(self, weight: Weight, gradient: Tensor, state: State, rate: float) -> None:
        """One step. The longer side keeps its length, as in the paper's code."""
        if not weight.is_hidden or min(gradient.shape) <= self.config.rank:
            self.adam.update(weight, gradient, state, rate)
            return
        is_tall = gradient.shape[0] >= gradient.shape[1]
        if not state or int(state["step"]) % self.config.every == 0:
            state["basis"] = _directions(gradient, self.config.rank, is_tall=is_tall)
        basis = state["basis"]
        low = gradient @ basis if is_tall else basis.T @ gradient
        step = self.adam.direction(low, state)
        shrink(weight, rate)
        whole = step @ basis.T if is_tall else basis @ step
        weight.master.add_(whole, alpha=-rate * self.adam.correction(state) * self.config.scale)


def _directions(gradient: Tensor, rank: int, *, is_tall: bool) -> Tensor:
    """The singular vectors of the shorter side with the largest singular values: [side, rank]."""
    import torch

    svd = cast("Callable[..., tuple[Tensor, Tensor, Tensor]]", torch.linalg.svd)
    left, _, right = svd(gradient, full_matrices=False)
    return (right[:rank].T if is_tall else left[:, :rank]).contiguous()
