"""AdamW: the usual choice. Each weight's step is its mean gradient by the root of its mean square.

Paper: Loshchilov & Hutter 2019, arXiv:1711.05101, algorithm 2.
State: 8 bytes a weight (two float32 means).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from tuneful.planning.optimizer import OptimizerConfig
from tuneful.training.optimizers.base import Adam, State, Weight

if TYPE_CHECKING:
    from torch import Tensor


class AdamWConfig(OptimizerConfig):
    """Settings of AdamW."""

    name: Literal["adamw"] = Field(default="adamw", description="Two running means a weight.")
    beta1: float = Field(default=0.9, ge=0, lt=1, description="Memory of the gradient's mean.")
    beta2: float = Field(default=0.999, ge=0, lt=1, description="Memory of its square's mean.")
    epsilon: float = Field(default=1e-8, gt=0, description="Added to the divisor.")


class AdamW:
    """Adam with decoupled weight decay, by torch's fused kernel."""

    Config: ClassVar[type[AdamWConfig]] = AdamWConfig
    paper: ClassVar[str] = "Loshchilov & Hutter 2019, arXiv:1711.05101"

    def __init__(self, config: AdamWConfig) -> None:
        self.adam = Adam(config.beta1, config.beta2, config.epsilon)

    def update(self, weight: Weight, gradient: Tensor, state: State, rate: float) -> None:
        """One step."""
        self.adam.update(weight, gradient, state, rate)
