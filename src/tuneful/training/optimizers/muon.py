"""Muon: the momentum of a block's matrix is made orthogonal before it moves the matrix.

Paper: Jordan et al. 2024 (kellerjordan.github.io/posts/muon), Newton-Schulz in 5 steps of bf16;
       the step's size as Liu et al. 2025, arXiv:2502.16982, section 2.2: 0.2 sqrt(longer side), so
       that AdamW's learning rate and weight decay serve. Embeddings, heads and vectors take AdamW.
State: 4 bytes a weight of the blocks' matrices, 8 a weight elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal, cast

from pydantic import Field

from tuneful.planning.optimizer import ADAM_BYTES, FLOAT32, OptimizerConfig
from tuneful.training.optimizers.base import Adam, State, Weight, shrink

if TYPE_CHECKING:
    from torch import Tensor

POLYNOMIAL = (3.4445, -4.7750, 2.0315)
STEPS = 5


class MuonConfig(OptimizerConfig):
    """Settings of Muon."""

    name: Literal["muon"] = Field(default="muon", description="Orthogonal steps of matrices.")
    momentum: float = Field(default=0.95, ge=0, lt=1, description="Memory of the gradient.")

    def state_bytes(self, hidden: int, others: int, width: int) -> float:
        """One mean for the blocks' matrices, two elsewhere."""
        del width
        return FLOAT32 * hidden + ADAM_BYTES * others


class Muon:
    """Orthogonal steps for the blocks' matrices, AdamW for the rest."""

    Config: ClassVar[type[MuonConfig]] = MuonConfig
    paper: ClassVar[str] = "Jordan et al. 2024; Liu et al. 2025, arXiv:2502.16982"

    def __init__(self, config: MuonConfig) -> None:
        self.momentum, self.adam = config.momentum, Adam()

    def update(self, weight: Weight, gradient: Tensor, state: State, rate: float) -> None:
        """One step."""
        import torch

        if not weight.is_hidden:
            self.adam.update(weight, gradient, state, rate)
            return
        if not state:
            state["momentum"] = torch.zeros_like(weight.master, requires_grad=False)
        mean = state["momentum"].lerp_(gradient, 1.0 - self.momentum)
        step = orthogonal(gradient.lerp(mean, self.momentum))  # Nesterov's look ahead
        shrink(weight, rate)
        weight.master.add_(step, alpha=-rate * 0.2 * max(gradient.shape) ** 0.5)


def orthogonal(matrix: Tensor) -> Tensor:
    """U V^T of a matrix U S V^T, roughly: singular values between 0.7 and 1.2. In bf16."""
    import torch

    first, second, third = POLYNOMIAL
    is_tall = matrix.shape[0] > matrix.shape[1]
    found = (matrix.T if is_tall else matrix).bfloat16()
    found = found.div(cast("Tensor", found.norm()).clamp(min=1e-7))
    for _ in range(STEPS):
        square = found @ found.T
        found = torch.addmm(
            found, torch.addmm(square, square, square, beta=second, alpha=third), found, beta=first
        )
    return found.T if is_tall else found
