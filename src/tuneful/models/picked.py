"""Linear layers of which only some columns or entries move; the rest has no gradient and no state.

The moving values are a parameter of their own, written into the frozen matrix before each product.
Backward computes their gradient: for columns from their own inputs alone, for entries out of the
matrix's gradient, which lives only until they are read from it.

Shapes: T tokens, I inputs, O outputs, K picked columns or entries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import torch
from torch import nn

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor


class _Columns(torch.autograd.Function):
    """x W^T + b, where gradients reach the columns index_K of W."""

    @staticmethod
    def forward(
        ctx: Any,
        state: Tensor,
        weight_OI: Tensor,
        bias_O: Tensor | None,
        picked_OK: Tensor,
        index_K: Tensor,
    ) -> Tensor:
        weight_OI.data[:, index_K] = picked_OK
        ctx.save_for_backward(state[..., index_K], weight_OI)
        return nn.functional.linear(state, weight_OI, bias_O)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        seen, weight_OI = ctx.saved_tensors
        grad_TO = grads[0].reshape(-1, grads[0].shape[-1])
        grad_state = grads[0] @ weight_OI if ctx.needs_input_grad[0] else None
        return grad_state, None, None, grad_TO.T @ seen.reshape(-1, seen.shape[-1]), None


class _Entries(torch.autograd.Function):
    """x W^T + b, where gradients reach the entries index_K of W, counted row by row."""

    @staticmethod
    def forward(
        ctx: Any,
        state: Tensor,
        weight_OI: Tensor,
        bias_O: Tensor | None,
        picked_K: Tensor,
        index_K: Tensor,
    ) -> Tensor:
        weight_OI.data.view(-1)[index_K] = picked_K
        ctx.save_for_backward(state, weight_OI, index_K)
        return nn.functional.linear(state, weight_OI, bias_O)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        state, weight_OI, index_K = ctx.saved_tensors
        grad_TO = grads[0].reshape(-1, grads[0].shape[-1])
        grad_state = grads[0] @ weight_OI if ctx.needs_input_grad[0] else None
        grad_OI = grad_TO.T @ state.reshape(-1, state.shape[-1])
        return grad_state, None, None, grad_OI.reshape(-1)[index_K], None


def pick_columns(layer: nn.Linear, index_K: Tensor) -> None:
    """Freeze a layer but for some columns of its matrix: what it makes of these inputs."""
    _pick(layer, layer.weight.detach()[:, index_K], index_K, _Columns)


def pick_entries(layer: nn.Linear, index_K: Tensor) -> None:
    """Freeze a layer but for some entries of its matrix, counted row by row."""
    _pick(layer, layer.weight.detach().reshape(-1)[index_K], index_K, _Entries)


def _pick(
    layer: nn.Linear, values: Tensor, index_K: Tensor, kind: type[torch.autograd.Function]
) -> None:
    layer.requires_grad_(requires_grad=False)
    layer.register_parameter("picked", nn.Parameter(values.clone()))
    layer.register_buffer("picked_index", index_K, persistent=False)
    cast("Any", layer).picked_how = kind
    cast("Any", layer).forward = _forward_of(layer, kind)


def _forward_of(layer: Any, kind: type[torch.autograd.Function]) -> Callable[[Tensor], Tensor]:
    apply = cast("Callable[..., Tensor]", kind.apply)

    def forward(state: Tensor) -> Tensor:
        return apply(state, layer.weight, layer.bias, layer.picked, layer.picked_index)

    return forward


def put_back(model: nn.Module) -> nn.Module:
    """Write what moved into the matrices and leave plain linear layers."""
    for module in model.modules():
        if not hasattr(module, "picked_how"):
            continue
        layer = cast("Any", module)
        with torch.no_grad():
            if layer.picked_how is _Columns:
                layer.weight[:, layer.picked_index] = layer.picked
            else:
                layer.weight.view(-1)[layer.picked_index] = layer.picked
        for name in ("picked", "picked_index", "picked_how", "forward"):
            delattr(layer, name)
    return model
