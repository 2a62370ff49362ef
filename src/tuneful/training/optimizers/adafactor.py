"""Adafactor: of the squares' mean, only the means of rows and columns are kept.

Paper: Shazeer & Stern 2018, arXiv:1804.04235, algorithms 4 and 5, without momentum and with the
       recipe's learning rate in the place of the paper's relative one.
State: 4 (rows + columns) bytes a matrix, 4 bytes a weight of vectors: next to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from tuneful.planning.optimizer import FLOAT32, OptimizerConfig
from tuneful.training.optimizers.base import State, Weight, shrink

if TYPE_CHECKING:
    from torch import Tensor


class AdafactorConfig(OptimizerConfig):
    """Settings of Adafactor."""

    name: Literal["adafactor"] = Field(default="adafactor", description="Squares by row, column.")
    decay: float = Field(
        default=0.8, gt=0, description="Step t's gradient weighs t^-decay in the mean (section 7)."
    )
    clip: float = Field(
        default=1.0, gt=0, description="Largest root mean square of a matrix's step (section 6)."
    )
    epsilon: float = Field(default=1e-30, gt=0, description="Added to each square.")

    def state_bytes(self, hidden: int, others: int, width: int) -> float:
        """A number for each row and column; a matrix's shorter side stands for both."""
        return FLOAT32 * 2 * (hidden + others) / width


class Adafactor:
    """Adam's divisor from row and column means, without a mean of gradients."""

    Config: ClassVar[type[AdafactorConfig]] = AdafactorConfig
    paper: ClassVar[str] = "Shazeer & Stern 2018, arXiv:1804.04235"

    def __init__(self, config: AdafactorConfig) -> None:
        self.config = config

    def update(self, weight: Weight, gradient: Tensor, state: State, rate: float) -> None:
        """One step."""
        import torch

        config = self.config
        if not state:
            state["step"] = torch.zeros((), dtype=torch.float32)
            rows, columns = gradient.shape[:-1], gradient.shape[:-2] + gradient.shape[-1:]
            if gradient.ndim >= 2:
                state["row"], state["column"] = (
                    gradient.new_zeros(rows),
                    gradient.new_zeros(columns),
                )
            else:
                state["exp_avg_sq"] = torch.zeros_like(gradient)
        state["step"] += 1
        share = float(state["step"]) ** -config.decay
        square = gradient.square().add_(config.epsilon)
        if gradient.ndim >= 2:
            row = state["row"].lerp_(square.mean(dim=-1), share)
            column = state["column"].lerp_(square.mean(dim=-2), share)
            relative = (row / row.mean(dim=-1, keepdim=True)).rsqrt_()
            step = gradient * relative[..., None] * column.rsqrt()[..., None, :]
        else:
            step = gradient * state["exp_avg_sq"].lerp_(square, share).rsqrt()
        size = float(step.square().mean().sqrt())
        shrink(weight, rate)
        weight.master.add_(step, alpha=-rate / max(1.0, size / config.clip))
