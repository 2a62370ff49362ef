"""log p(token) where it is learned, never the whole [tokens, vocabulary] at once.

The vocabulary projection of a small model is its largest product, and its logits its largest
tensor. Both exist here for one chunk of learned tokens at a time. Where a loss's gradient on the
log-probabilities is known beforehand (`Method.known_gradient`), the chunk's gradients are computed
while its probabilities are at hand, so nothing is kept and nothing computed twice (the idea of
Liger-Kernel's fused cross-entropy, Hsu et al. 2024, arXiv:2410.10989, section 3.2).

Shapes: N learned tokens, V vocabulary, D width.
"""

from __future__ import annotations

from typing import Any, NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.utils import checkpoint

CHUNK_BYTES = {"cpu": 64 * 2**20, "cuda": 256 * 2**20}
"""Logits that exist at once. Larger products are no faster on a CPU, and memory counts for more."""


class Projection(NamedTuple):
    """From a hidden state to logits: weight, bias, and what some families do to the logits."""

    weight_VD: Tensor
    bias_V: Tensor | None = None
    scale: float = 1.0
    softcap: float | None = None


def projection_of(model: nn.Module) -> Projection | None:
    """The vocabulary projection of a causal language model, or None where it is not one matrix."""
    layer = cast("Any", model).get_output_embeddings()
    new_rows = getattr(layer, "token_adapter", None)  # PEFT's, where an adapter trains new tokens
    plain = layer if new_rows is None else new_rows.get_base_layer()
    if type(plain) is not nn.Linear:
        return None
    config = cast("Any", model).config
    config = config.get_text_config() if hasattr(config, "get_text_config") else config
    scale = float(getattr(config, "logit_scale", None) or 1.0)
    scale /= float(getattr(config, "logits_scaling", None) or 1.0)
    softcap = getattr(config, "final_logit_softcapping", None)
    weight = plain.weight if new_rows is None else _with_new_rows(new_rows)
    return Projection(weight, plain.bias, scale, softcap)


def _with_new_rows(layer: Any) -> Tensor:
    """The projection of a model whose new tokens are trained beside a frozen table (PEFT)."""
    is_apart = not layer.merged and not layer.disable_adapters
    return layer.get_merged_weights(layer.active_adapters if is_apart else [])


def token_logp(
    hidden_ND: Tensor,
    target_N: Tensor,
    projection: Projection,
    known_gradient_N: Tensor | None = None,
) -> Tensor:
    """Log p(target) of each token, float32 nats, with gradient: [N].

    Args:
        hidden_ND: Last hidden state at the positions that predict the targets.
        target_N: Token ids to score.
        projection: The vocabulary projection.
        known_gradient_N: d(loss)/d(logp) up to one factor, where it is known already.
    """
    is_simple = projection.scale == 1.0 and not projection.softcap and projection.bias_V is None
    rows = rows_of_chunk(projection, hidden_ND)
    if is_simple and torch.is_grad_enabled():
        function: Any = _Unknown if known_gradient_N is None else _KnownGradient
        more = () if known_gradient_N is None else (known_gradient_N,)
        weight = projection.weight_VD
        return cast("Tensor", function.apply(hidden_ND, weight, rows, target_N, *more))
    keep_less: Any = cast("Any", checkpoint).checkpoint
    parts: list[Tensor] = []
    split = cast("Any", torch).split
    for chunk, target in zip(split(hidden_ND, rows), split(target_N, rows), strict=True):
        if torch.is_grad_enabled():
            parts.append(keep_less(_logp, chunk, target, projection, use_reentrant=False))
        else:
            parts.append(_logp(chunk, target, projection))
    return torch.cat(parts)


def rows_of_chunk(projection: Projection, hidden_ND: Tensor) -> int:
    """Tokens whose logits exist at once."""
    most = CHUNK_BYTES.get(hidden_ND.device.type, CHUNK_BYTES["cuda"])
    return max(16, most // (projection.weight_VD.shape[0] * hidden_ND.element_size()))


def logits(hidden_ND: Tensor, projection: Projection) -> Tensor:
    """Scores of the whole vocabulary, float32: [N, V]. For chunks only."""
    logits_NV = nn.functional.linear(hidden_ND, projection.weight_VD, projection.bias_V).float()
    logits_NV = logits_NV * projection.scale
    if projection.softcap:
        logits_NV = torch.tanh(logits_NV / projection.softcap) * projection.softcap
    return logits_NV


def _logp(hidden_ND: Tensor, target_N: Tensor, projection: Projection) -> Tensor:
    return _logp_of(logits(hidden_ND, projection), target_N)


def _logp_of(logits_NV: Tensor, target_N: Tensor) -> Tensor:
    logits_NV = logits_NV.float()
    picked_N = logits_NV.gather(1, target_N[:, None])[:, 0]
    return picked_N - logits_NV.logsumexp(dim=1)


class _KnownGradient(torch.autograd.Function):
    """token_logp whose backward is computed in its forward, while the probabilities are at hand."""

    @staticmethod
    def forward(
        ctx: Any,
        hidden_ND: Tensor,
        weight_VD: Tensor,
        rows: int,
        target_N: Tensor,
        gradient_N: Tensor,
    ) -> Tensor:
        found = _gradients(hidden_ND, weight_VD, (target_N, gradient_N), rows, ctx.needs_input_grad)
        ctx.save_for_backward(gradient_N, found.hidden_ND, found.weight_VD)
        return found.logp_N

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        gradient_N, grad_hidden_ND, grad_weight_VD = ctx.saved_tensors
        factor = (grads[0] * gradient_N).sum() / (gradient_N * gradient_N).sum()
        if not torch.allclose(grads[0], factor * gradient_N, rtol=1e-4, atol=1e-12):
            raise AssertionError("the method's known_gradient is not the gradient of its loss")
        return (
            None if grad_hidden_ND is None else grad_hidden_ND * factor.to(grad_hidden_ND.dtype),
            None if grad_weight_VD is None else grad_weight_VD * factor.to(grad_weight_VD.dtype),
            None,
            None,
            None,
        )


class _Unknown(torch.autograd.Function):
    """token_logp for losses whose gradient is not known beforehand.

    Logits of a single chunk are kept for the backward pass; those of several are made twice.
    """

    @staticmethod
    def forward(
        ctx: Any, hidden_ND: Tensor, weight_VD: Tensor, rows: int, target_N: Tensor
    ) -> Tensor:
        ctx.rows = rows
        if len(target_N) <= rows:
            scores_NV = hidden_ND @ weight_VD.T
            ctx.save_for_backward(hidden_ND, weight_VD, target_N, scores_NV)
            return _logp_of(scores_NV, target_N)
        ctx.save_for_backward(hidden_ND, weight_VD, target_N)
        split = cast("Any", torch).split
        parts = zip(split(hidden_ND, rows), split(target_N, rows), strict=True)
        return torch.cat([_logp_of(hidden @ weight_VD.T, target) for hidden, target in parts])

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        hidden_ND, weight_VD, target_N, *kept = ctx.saved_tensors
        asked = (target_N, grads[0])
        found = _gradients(hidden_ND, weight_VD, asked, ctx.rows, ctx.needs_input_grad, *kept)
        return found.hidden_ND, found.weight_VD, None, None


class _Gradients(NamedTuple):
    logp_N: Tensor
    hidden_ND: Tensor | None
    weight_VD: Tensor | None


def _gradients(
    hidden_ND: Tensor,
    weight_VD: Tensor,
    asked: tuple[Tensor, Tensor],
    rows: int,
    needs: tuple[bool, ...],
    kept_NV: Tensor | None = None,
) -> _Gradients:
    """Log p of targets and the gradients for g = d(loss)/d(logp), chunk by chunk.

    `kept_NV` are the logits where they are at hand already; there is one chunk then.

    With probabilities p: d(loss)/d(logits) = g (onehot - p), so d(loss)/d(hidden) =
    g (W[target] - p W) and d(loss)/dW = sum of (onehot - p)^T (g hidden).
    """
    target_N, gradient_N = asked
    logp_N = torch.empty(len(target_N), dtype=torch.float32, device=hidden_ND.device)
    grad_hidden_ND = torch.empty_like(hidden_ND) if needs[0] else None
    grad_weight_VD: Tensor | None = None
    for start in range(0, len(target_N), rows):
        part = slice(start, start + rows)
        hidden, target, gradient = hidden_ND[part], target_N[part], gradient_N[part, None]
        scores = hidden @ weight_VD.T if kept_NV is None else kept_NV
        shares = torch.softmax(scores, dim=1)
        logp_N[part] = _log_of_picked(shares, scores, target)
        if grad_hidden_ND is not None:
            pulled = (weight_VD[target] - shares @ weight_VD).float()
            grad_hidden_ND[part] = (gradient * pulled).to(hidden.dtype)
        if needs[1]:
            scaled = (gradient * hidden).to(hidden.dtype)
            pushed = -(shares.T @ scaled)
            pushed.index_add_(0, target, scaled)
            grad_weight_VD = _add(grad_weight_VD, pushed, is_last=start + rows >= len(target_N))
    if needs[1] and grad_weight_VD is None:
        grad_weight_VD = torch.zeros_like(weight_VD)
    return _Gradients(logp_N, grad_hidden_ND, grad_weight_VD)


def _log_of_picked(shares_NV: Tensor, logits_NV: Tensor, target_N: Tensor) -> Tensor:
    """Log of the target's probability, float32; exact also where the probability underflows."""
    picked_N = shares_NV.gather(1, target_N[:, None])[:, 0].float()
    logp_N = picked_N.log()
    lost = picked_N < torch.finfo(torch.float32).tiny
    if bool(lost.any()):
        rows = logits_NV[lost].float()
        logp_N[lost] = rows.gather(1, target_N[lost][:, None])[:, 0] - rows.logsumexp(dim=1)
    return logp_N


def _add(total: Tensor | None, part: Tensor, *, is_last: bool) -> Tensor:
    """Sum chunks in float32, and return to the part's precision only at the end."""
    if total is None:
        return part if is_last else part.float()
    total += part
    return total.to(part.dtype) if is_last else total
