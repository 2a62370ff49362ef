"""LoRA's update added inside the matrix product: PEFT's weights, fewer passes over the activations.

PEFT computes W x, then B (A x), scales it, and adds it: three passes over a [tokens, out] tensor
that a small model cannot afford. Here the scale moves to the rank-sized product and the sum into
the product itself; backward likewise.

Shapes: T tokens, I inputs, O outputs, R rank.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import torch

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor, nn


class _LoraLinear(torch.autograd.Function):
    """x W^T + b + scale (x A^T) B^T, for a frozen W and b."""

    @staticmethod
    def forward(
        ctx: Any, state: Tensor, weight: Tensor, bias: Tensor | None, *update: Any
    ) -> Tensor:
        down_RI, up_OR, scale = update
        state_TI = state.reshape(-1, state.shape[-1])
        inner_TR = state_TI @ down_RI.T
        ctx.save_for_backward(state_TI, weight, down_RI, up_OR, inner_TR)
        ctx.scale = scale
        out_TO = torch.nn.functional.linear(state_TI, weight, bias)
        out_TO.addmm_(inner_TR, up_OR.T, alpha=scale)
        return out_TO.view(*state.shape[:-1], -1)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        state_TI, weight, down_RI, up_OR, inner_TR = ctx.saved_tensors
        grad_TO = grads[0].reshape(-1, grads[0].shape[-1])
        grad_inner_TR = (grad_TO @ up_OR).mul_(ctx.scale)
        grad_up_OR = (grad_TO.T @ inner_TR).mul_(ctx.scale)
        grad_down_RI = grad_inner_TR.T @ state_TI
        grad_state = None
        if ctx.needs_input_grad[0]:
            grad_state = (grad_TO @ weight).addmm_(grad_inner_TR, down_RI)
            grad_state = grad_state.view(*grads[0].shape[:-1], -1)
        return grad_state, None, None, grad_down_RI, grad_up_OR, None


def fuse(model: nn.Module) -> int:
    """Let PEFT's plain LoRA layers compute this way; returns how many. What is saved is unchanged.

    Layers with dropout, DoRA or several adapters keep PEFT's own way.
    """
    from peft.tuners.lora import Linear

    found = [m for m in model.modules() if isinstance(m, Linear) and _is_plain(m)]
    for layer in found:
        cast("Any", layer).forward = _forward_of(layer)
    return len(found)


def _is_plain(layer: Any) -> bool:
    name = layer.active_adapters[0]
    return (
        len(layer.active_adapters) == 1
        and type(layer.get_base_layer()) is torch.nn.Linear
        and not layer.use_dora.get(name, False)
        and not layer.lora_bias.get(name, False)
        and not layer.fan_in_fan_out
        and isinstance(layer.lora_dropout[name], torch.nn.Identity)
    )


def _forward_of(layer: Any) -> Callable[..., Tensor]:
    own = layer.forward

    def forward(state: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        base, name = layer.get_base_layer(), layer.active_adapters[0]
        if layer.merged or layer.disable_adapters or base.weight.requires_grad:
            return own(state, *args, **kwargs)
        down, up = layer.lora_A[name].weight, layer.lora_B[name].weight
        apply = cast("Callable[..., Tensor]", _LoraLinear.apply)
        return apply(state, base.weight, base.bias, down, up, layer.scaling[name])

    return forward
