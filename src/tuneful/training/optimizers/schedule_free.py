"""Schedule-free AdamW: the average of the way takes the place of a falling learning rate.

Paper: Defazio et al. 2024, arXiv:2405.15682, algorithm 1: the gradient is taken at y, between the
       fast weights z and their average x; x is what is measured and kept.
State: 8 bytes a weight (z and the mean of squares).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from tuneful.planning.optimizer import OptimizerConfig

if TYPE_CHECKING:
    from torch import Tensor

    from tuneful.training.optimizers.base import State, Weight


class ScheduleFreeConfig(OptimizerConfig):
    """Settings of schedule-free AdamW."""

    schedule: ClassVar[Literal["linear", "constant"]] = "constant"

    name: Literal["schedule_free"] = Field(
        default="schedule_free", description="AdamW with an average instead of a schedule."
    )
    beta1: float = Field(default=0.9, gt=0, lt=1, description="The average's share of y.")
    beta2: float = Field(default=0.999, ge=0, lt=1, description="Memory of the square's mean.")
    epsilon: float = Field(default=1e-8, gt=0, description="Added to the divisor.")


class ScheduleFree:
    """AdamW whose kept weights are an average over the run."""

    Config: ClassVar[type[ScheduleFreeConfig]] = ScheduleFreeConfig
    paper: ClassVar[str] = "Defazio et al. 2024, arXiv:2405.15682"

    def __init__(self, config: ScheduleFreeConfig) -> None:
        self.config = config

    def update(self, weight: Weight, gradient: Tensor, state: State, rate: float) -> None:
        """One step; steps weigh in the average by the square of the largest rate so far."""
        import torch

        config, master = self.config, weight.master
        if not state:
            state["fast"] = master.detach().clone()
            state["exp_avg_sq"] = torch.zeros_like(gradient)
            for name in ("step", "largest_rate", "weights"):
                state[name] = torch.zeros((), dtype=torch.float64)
        state["step"] += 1
        largest = state["largest_rate"].clamp_(min=rate)
        state["weights"] += largest**2
        share = float(largest**2 / state["weights"]) if float(state["weights"]) else 0.0
        square = state["exp_avg_sq"].mul_(config.beta2)
        square.addcmul_(gradient, gradient, value=1.0 - config.beta2)
        correction = 1.0 - config.beta2 ** int(state["step"])
        step = gradient.div(square.div(correction).sqrt_().add_(config.epsilon))
        if weight.decay:
            step.add_(master, alpha=weight.decay)
        master.lerp_(state["fast"], share)
        master.add_(step, alpha=rate * (config.beta1 * (1.0 - share) - 1.0))
        state["fast"].sub_(step, alpha=rate)

    def average(self, weight: Weight, state: State) -> Tensor:
        """From y = (1 - beta1) z + beta1 x: x = y + (1 - 1 / beta1) (z - y)."""
        import torch

        if not state:
            return weight.master.detach().clone()
        return torch.lerp(weight.master.detach(), state["fast"], 1.0 - 1.0 / self.config.beta1)
