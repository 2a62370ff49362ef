"""AdamW over float32 masters: what training in bf16 needs to stay sound.

A bf16 weight has 8 bits of mantissa: an update smaller than 1/256 of the weight would be lost. So
each bf16 parameter has a float32 master that the optimizer moves and the parameter copies.
Gradients of several passes are summed in float32 too. Float32 parameters are their own masters.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, cast

import torch

if TYPE_CHECKING:
    from torch import Tensor, nn

    from tuneful.planning.settings import Settings

BETAS = (0.9, 0.999)
EPSILON = 1e-8
_scale_all = cast("Any", torch)._foreach_mul_


class Optimizer:
    """AdamW (Loshchilov & Hutter 2019, arXiv:1711.05101) on the parameters that require a gradient.

    Weight decay acts on matrices only, not on biases and norms (BERT's and GPT-2's practice).

    Args:
        model: The model in training.
        settings: weight_decay and max_grad_norm.
    """

    def __init__(self, model: nn.Module, settings: Settings) -> None:
        named = [(n, p) for n, p in model.named_parameters() if p.requires_grad]
        self.names = [name for name, _ in named]
        self.parameters = [parameter for _, parameter in named]
        self.masters = [_master(parameter) for parameter in self.parameters]
        self._pairs = [
            (parameter, master)
            for parameter, master in zip(self.parameters, self.masters, strict=True)
            if master is not parameter
        ]
        for parameter, master in self._pairs:
            parameter.register_post_accumulate_grad_hook(_GradientBuffer(master))
        groups = [
            {
                "params": [m for m in self.masters if (m.ndim >= 2) == decays],
                "weight_decay": settings.weight_decay if decays else 0.0,
            }
            for decays in (True, False)
        ]
        self.adam = torch.optim.AdamW(
            [group for group in groups if group["params"]],
            lr=0.0,
            betas=BETAS,
            eps=EPSILON,
            fused=True,
        )
        self.max_grad_norm = settings.max_grad_norm

    def step(self, learning_rate: float) -> float:
        """Clip, move the weights, forget the gradients. Returns the norm before clipping.

        Weights stay as they are where the norm is not finite; the caller decides what that means.
        """
        gradients = [m.grad for m in self.masters if m.grad is not None]
        norm = float(torch.nn.utils.get_total_norm(gradients)) if gradients else 0.0
        if not math.isfinite(norm):
            return norm
        if norm > self.max_grad_norm:
            _scale_all(gradients, self.max_grad_norm / norm)
        for group in self.adam.param_groups:
            group["lr"] = learning_rate
        self.adam.step()
        self.forget_gradients()
        with torch.no_grad():
            for parameter, master in self._pairs:
                parameter.copy_(master)
        return norm

    def forget_gradients(self) -> None:
        """Drop every gradient."""
        for parameter, master in zip(self.parameters, self.masters, strict=True):
            parameter.grad = master.grad = None

    def state(self) -> dict[str, Tensor]:
        """Masters and AdamW's moments by name; empty moments before the first step."""
        tensors: dict[str, Tensor] = {}
        for name, master in zip(self.names, self.masters, strict=True):
            tensors[f"weight/{name}"] = master.detach()
            for key, value in self.adam.state.get(master, {}).items():
                tensors[f"{key}/{name}"] = value
        return tensors

    def load_state(self, tensors: dict[str, Tensor]) -> None:
        """Continue from what `state` returned.

        Raises:
            KeyError: The tensors belong to other parameters.
        """
        with torch.no_grad():
            for name, parameter, master in zip(
                self.names, self.parameters, self.masters, strict=True
            ):
                master.copy_(tensors[f"weight/{name}"])
                parameter.copy_(master)
                moments = {
                    key: tensors[f"{key}/{name}"].clone()
                    for key in ("step", "exp_avg", "exp_avg_sq")
                    if f"{key}/{name}" in tensors
                }
                if moments:
                    self.adam.state[master] = moments

    def weights(self) -> dict[str, Tensor]:
        """The masters by parameter name: the trained weights in full precision."""
        return {n: m.detach() for n, m in zip(self.names, self.masters, strict=True)}


def _master(parameter: nn.Parameter) -> Tensor:
    if parameter.dtype == torch.float32:
        return parameter
    return parameter.detach().float().clone().requires_grad_()


class _GradientBuffer:
    """A master's gradient, summed over the passes of a step.

    One buffer for the whole run: fresh memory each step costs more than the sum. An embedding's
    gradient comes as the rows of the tokens that occurred (models.load); the others stay 0.
    """

    def __init__(self, master: Tensor) -> None:
        self._master = master
        self._buffer = torch.zeros_like(master, requires_grad=False)
        self._touched: list[Tensor] = []

    def __call__(self, parameter: Tensor) -> None:
        """Take a parameter's gradient after a pass."""
        gradient = parameter.grad
        assert gradient is not None
        parameter.grad = None
        if gradient.is_sparse:
            self._add_rows(gradient)
        elif self._master.grad is None:
            self._master.grad = self._buffer.copy_(gradient)
        else:
            self._master.grad += gradient

    def _add_rows(self, gradient: Tensor) -> None:
        if self._master.grad is None:
            for rows in self._touched:
                self._buffer[rows] = 0.0
            self._touched = []
            self._master.grad = self._buffer
        rows = gradient._indices()[0]  # indices() would sort and sum them first
        self._touched.append(rows)
        self._buffer.index_add_(0, rows, gradient._values().float())
