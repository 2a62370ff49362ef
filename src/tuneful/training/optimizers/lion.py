"""Lion: every weight moves by the learning rate, in the sign of its momentum.

Paper: Chen et al. 2023, arXiv:2302.06675, program 1. Learning rates are 3 to 10 times smaller than
       AdamW's, and weight decay as many times larger (section 5).
State: 4 bytes a weight (one float32 mean).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from tuneful.planning.optimizer import FLOAT32, OptimizerConfig
from tuneful.training.optimizers.base import State, Weight, shrink

if TYPE_CHECKING:
    from torch import Tensor


class LionConfig(OptimizerConfig):
    """Settings of Lion."""

    rate_scale: ClassVar[float] = 0.2

    name: Literal["lion"] = Field(default="lion", description="The sign of the momentum.")
    beta1: float = Field(default=0.9, ge=0, lt=1, description="Mean's share of the direction.")
    beta2: float = Field(default=0.99, ge=0, lt=1, description="Memory of the mean.")

    def state_bytes(self, hidden: int, others: int, width: int) -> float:
        """One mean a weight."""
        del width
        return FLOAT32 * (hidden + others)


class Lion:
    """Move each weight by the sign of its momentum."""

    Config: ClassVar[type[LionConfig]] = LionConfig
    paper: ClassVar[str] = "Chen et al. 2023, arXiv:2302.06675"

    def __init__(self, config: LionConfig) -> None:
        self.config = config

    def update(self, weight: Weight, gradient: Tensor, state: State, rate: float) -> None:
        """One step."""
        import torch

        if not state:
            state["exp_avg"] = torch.zeros_like(weight.master, requires_grad=False)
        mean = state["exp_avg"]
        shrink(weight, rate)
        direction = torch.lerp(gradient, mean, self.config.beta1).sign_()
        weight.master.add_(direction, alpha=-rate)
        mean.lerp_(gradient, 1.0 - self.config.beta2)
