"""What every optimizer is made of: a rule that moves one weight by its gradient.

The engine (training.optimizer) keeps float32 masters, sums and clips gradients, and keeps each
weight's state, which is tensors only, so that a checkpoint holds all of it. A rule keeps nothing:
what a step does depends on the weight, its gradient, its state and the learning rate alone.

torch is imported where it is used: a recipe that names an optimizer is read without it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, cast, runtime_checkable

if TYPE_CHECKING:
    from torch import Tensor

    from tuneful.planning.optimizer import OptimizerConfig

State = dict[str, "Tensor"]


@dataclass(frozen=True)
class Weight:
    """A weight that moves.

    Attributes:
        name: The parameter's.
        master: Its value, float32; moved in place.
        decay: Decoupled weight decay: each step takes away learning rate x decay x value.
        is_hidden: Whether it is a matrix of a block, neither embedding nor head.
    """

    name: str
    master: Tensor
    decay: float
    is_hidden: bool


class Rule(Protocol):
    """How a gradient moves a weight."""

    Config: ClassVar[type[OptimizerConfig]]
    paper: ClassVar[str]
    """Where it was published: authors, year, arXiv number."""

    def __init__(self, config: Any) -> None: ...

    def update(self, weight: Weight, gradient: Tensor, state: State, rate: float) -> None:
        """Move the master in place, and leave the gradient: its memory serves the next step.

        `state` is empty at the weight's first step; what is put there is there at the next.
        """
        ...


@runtime_checkable
class Averaging(Protocol):
    """A rule whose result is an average of the way, not where the weight stands."""

    def average(self, weight: Weight, state: State) -> Tensor:
        """The value to measure and to keep; a new tensor. `state` may be empty: no step yet."""
        ...


@dataclass(frozen=True)
class Adam:
    """Adam's numbers: the decay rates of the two means, and what is added to the divisor."""

    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    def update(self, weight: Weight, gradient: Tensor, state: State, rate: float) -> None:
        """AdamW's step (Loshchilov & Hutter 2019, algorithm 2) by torch's fused kernel."""
        import torch

        if not state:
            state["step"] = torch.zeros((), dtype=torch.float32, device=gradient.device)
            state["exp_avg"] = torch.zeros_like(weight.master, requires_grad=False)
            state["exp_avg_sq"] = torch.zeros_like(weight.master, requires_grad=False)
        state["step"] += 1
        cast("Any", torch)._fused_adamw_(
            [weight.master],
            [gradient],
            [state["exp_avg"]],
            [state["exp_avg_sq"]],
            [],
            [state["step"]],
            amsgrad=False,
            lr=rate,
            beta1=self.beta1,
            beta2=self.beta2,
            weight_decay=weight.decay,
            eps=self.epsilon,
            maximize=False,
            grad_scale=None,
            found_inf=None,
        )

    def direction(self, gradient: Tensor, state: State) -> Tensor:
        """Take a gradient into the means; return mean / root of square, not bias-corrected."""
        import torch

        if "exp_avg" not in state:
            state["step"] = torch.zeros((), dtype=torch.float32, device=gradient.device)
            state["exp_avg"] = torch.zeros_like(gradient)
            state["exp_avg_sq"] = torch.zeros_like(gradient)
        state["step"] += 1
        mean = state["exp_avg"].lerp_(gradient, 1.0 - self.beta1)
        square = state["exp_avg_sq"].mul_(self.beta2)
        square.addcmul_(gradient, gradient, value=1.0 - self.beta2)
        return mean / square.sqrt().add_(self.epsilon)

    def correction(self, state: State) -> float:
        """What the direction of this step is to be multiplied by: both means begin at 0."""
        step = int(state["step"])
        return (1.0 - self.beta2**step) ** 0.5 / (1.0 - self.beta1**step)


def shrink(weight: Weight, rate: float) -> None:
    """Decoupled weight decay."""
    if weight.decay:
        weight.master.mul_(1.0 - rate * weight.decay)
