"""Attention inside each sequence of a packed row, for every model of transformers' interface.

On the CPU the flash kernel runs on each sequence's slice, as one autograd node; on CUDA the
variable-length flash kernel takes them all. What those kernels lack (dropout on probabilities,
soft caps, windows shorter than the sequence) is computed plainly per sequence.

Shapes: H heads, K key-value heads, T tokens of the row, Q query tokens, D width of a head.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import torch
from torch.nn import functional

from tuneful.models.packing import Layout, active_layout

if TYPE_CHECKING:
    from torch import Tensor, nn

NAME = "tuneful"
_flash = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu  # noqa: SLF001
_flash_backward = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu_backward  # noqa: SLF001


@dataclass(frozen=True)
class Rule:
    """How a layer attends: what differs between architectures and layers."""

    is_causal: bool
    scale: float
    window: int | None = None
    softcap: float | None = None
    dropout: float = 0.0

    def is_plain(self, longest: int) -> bool:
        """Whether a fused kernel can compute it for sequences of up to `longest` tokens."""
        return not self.softcap and not self.dropout and not (self.window and self.window < longest)


def register() -> None:
    """Make `attn_implementation="tuneful"` known to transformers. Safe to call again."""
    from transformers import AttentionInterface, AttentionMaskInterface

    AttentionInterface.register(NAME, _attention)
    AttentionMaskInterface.register(NAME, _mask)


def _mask(*args: Any, **kwargs: Any) -> Any:
    """No mask for a packed row; transformers' own for a padded batch."""
    if active_layout() is not None:
        return None
    from transformers.masking_utils import sdpa_mask

    return sdpa_mask(*args, **kwargs)


def _attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    **options: Any,
) -> tuple[Tensor, None]:
    """transformers' attention interface: [1, H, T, D] in, [1, T, H, D] out."""
    layout = active_layout()
    causal = options.get("is_causal")
    rule = Rule(
        is_causal=bool(getattr(module, "is_causal", True) if causal is None else causal),
        scale=options.get("scaling") or query.shape[-1] ** -0.5,
        window=options.get("sliding_window"),
        softcap=options.get("softcap"),
        dropout=float(options.get("dropout") or 0.0),
    )
    if layout is not None:
        return attend(query, key, value, layout, rule), None
    if rule.softcap:
        return _plain(query, key, value, rule, attention_mask).transpose(1, 2), None
    from transformers.integrations.sdpa_attention import sdpa_attention_forward

    return cast(
        "tuple[Tensor, None]",
        sdpa_attention_forward(module, query, key, value, attention_mask, **options),
    )


def attend(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    layout: Layout,
    rule: Rule,
    query_starts: tuple[int, ...] | None = None,
) -> Tensor:
    """Attention of a packed row.

    Args:
        query: [1, H, Q, D]; Q = T unless `query_starts` says which queries belong to a sequence.
        key: [1, K, T, D], K divides H.
        value: [1, K, T, D].
        layout: Where the sequences stand among the keys.
        rule: How this layer attends.
        query_starts: Where each sequence's queries stand, where they are fewer than its keys.

    Returns:
        [1, Q, H, D], contiguous.
    """
    starts = query_starts or layout.starts
    if rule.is_plain(max(layout.lengths)):
        if query.device.type == "cpu":
            return cast("Tensor", _CpuFlash.apply(query, key, value, starts, layout.starts, rule))
        if query.dtype in {torch.bfloat16, torch.float16}:
            return _cuda_flash(query, key, value, starts, layout, rule)
    parts = [
        _plain(query[:, :, a:b], key[:, :, c:d], value[:, :, c:d], rule, None)
        for a, b, c, d in _slices(starts, layout.starts)
    ]
    return torch.cat(parts, dim=2).transpose(1, 2).contiguous()


def _slices(
    query_starts: tuple[int, ...], key_starts: tuple[int, ...]
) -> list[tuple[int, int, int, int]]:
    return [
        (query_starts[s], query_starts[s + 1], key_starts[s], key_starts[s + 1])
        for s in range(len(key_starts) - 1)
    ]


class _CpuFlash(torch.autograd.Function):
    """torch's CPU flash kernel on each sequence's slice, as a single node of the graph."""

    @staticmethod
    def forward(
        ctx: Any,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        query_starts: tuple[int, ...],
        key_starts: tuple[int, ...],
        rule: Rule,
    ) -> Tensor:
        _, heads, num_queries, width = query.shape
        out = query.new_empty(1, num_queries, heads, width)
        sums: list[Tensor] = []
        for a, b, c, d in _slices(query_starts, key_starts):
            part, logsum = _flash(
                query[:, :, a:b], key[:, :, c:d], value[:, :, c:d], 0.0, rule.is_causal,
                scale=rule.scale,
            )
            out[:, a:b] = part.transpose(1, 2)
            sums.append(logsum)
        ctx.save_for_backward(query, key, value, out, *sums)
        ctx.layout = query_starts, key_starts, rule
        return out

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        query, key, value, out, *sums = ctx.saved_tensors
        query_starts, key_starts, rule = ctx.layout
        # [1, T, H, D] in memory, seen as [1, H, T, D]: what the projections' backward reads next.
        grad_query, grad_key, grad_value = (
            torch.empty_like(x.transpose(1, 2), memory_format=torch.contiguous_format).transpose(1, 2)
            for x in (query, key, value)
        )
        grad_out, out = grads[0].transpose(1, 2), out.transpose(1, 2)
        for (a, b, c, d), logsum in zip(_slices(query_starts, key_starts), sums, strict=True):
            parts = _flash_backward(
                grad_out[:, :, a:b], query[:, :, a:b], key[:, :, c:d], value[:, :, c:d],
                out[:, :, a:b], logsum, 0.0, rule.is_causal, scale=rule.scale,
            )
            grad_query[:, :, a:b], grad_key[:, :, c:d], grad_value[:, :, c:d] = parts
        return grad_query, grad_key, grad_value, None, None, None


def _cuda_flash(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    query_starts: tuple[int, ...],
    layout: Layout,
    rule: Rule,
) -> Tensor:
    from torch.nn.attention.varlen import varlen_attn

    def bounds(starts: tuple[int, ...]) -> tuple[Tensor, int]:
        longest = max(b - a for a, b in zip(starts, starts[1:], strict=False))
        return torch.tensor(starts, dtype=torch.int32, device=query.device), longest

    query_bounds, longest_query = bounds(query_starts)
    key_bounds, longest_key = bounds(layout.starts)
    out = varlen_attn(
        *(x[0].transpose(0, 1) for x in (query, key, value)),
        query_bounds,
        key_bounds,
        longest_query,
        longest_key,
        scale=rule.scale,
        window_size=(-1, 0) if rule.is_causal else (-1, -1),
        enable_gqa=query.shape[1] != key.shape[1],
    )
    return cast("Tensor", out)[None]


def _plain(
    query: Tensor, key: Tensor, value: Tensor, rule: Rule, mask: Tensor | None
) -> Tensor:
    """softmax(q k^T) v written out, in float32 probabilities: [1, H, Q, D]."""
    groups = query.shape[1] // key.shape[1]
    key, value = (x.repeat_interleave(groups, dim=1) if groups > 1 else x for x in (key, value))
    scores = query @ key.transpose(-1, -2) * rule.scale
    if rule.softcap:
        scores = torch.tanh(scores / rule.softcap) * rule.softcap
    allowed = mask if mask is not None else _allowed(query.shape[2], key.shape[2], rule, query)
    if allowed is not None:
        scores = scores.masked_fill(~allowed, torch.finfo(scores.dtype).min)
    shares = functional.softmax(scores, dim=-1, dtype=torch.float32).to(query.dtype)
    return functional.dropout(shares, rule.dropout) @ value


def _allowed(num_queries: int, num_keys: int, rule: Rule, like: Tensor) -> Tensor | None:
    """Which key a query may see, [Q, T], or None for all. The last query sees the last key."""
    if not rule.is_causal and not rule.window:
        return None
    query_position = torch.arange(num_keys - num_queries, num_keys, device=like.device)[:, None]
    distance = query_position - torch.arange(num_keys, device=like.device)[None]
    allowed = torch.ones_like(distance, dtype=torch.bool)
    if rule.is_causal:
        allowed &= distance >= 0
    if rule.window:
        allowed &= distance.abs() < rule.window if not rule.is_causal else distance < rule.window
    return allowed
