"""Attention inside each sequence of a packed row, for every model of transformers' interface.

On the CPU each sequence's slice is attended in turn, as one autograd node: by torch's flash kernel
in float32, by bf16 matrix products in bf16 (`models.dense`, twice as fast there). On CUDA the
variable-length flash kernel takes them all. What those lack (soft caps, windows shorter than the
sequence) is computed plainly per sequence.

Shapes: H heads, K key-value heads, T tokens of the row, Q query tokens, D width of a head.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, cast

import torch
from torch.nn import functional

from tuneful.models.bunches import Slice
from tuneful.models.decoding import active_decoding, active_prefill
from tuneful.models.dense import DenseAttention, Rule, like_projection
from tuneful.models.packing import active_layout
from tuneful.models.virtual import with_keys_before

if TYPE_CHECKING:
    from torch import Tensor, nn

    from tuneful.models.packing import Layout

NAME = "tuneful"
_flash = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
_flash_backward = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu_backward


def register() -> None:
    """Make `attn_implementation="tuneful"` known to transformers. Safe to call again."""
    from transformers import AttentionInterface, AttentionMaskInterface
    from transformers.utils import logging

    logging.disable_progress_bar()  # progress is told by events
    AttentionInterface.register(NAME, _attention)
    AttentionMaskInterface.register(NAME, _mask)


def _mask(*args: Any, **kwargs: Any) -> Any:
    """No mask for a packed row or answers in the making; transformers' own for a padded batch."""
    if active_layout() is not None or active_decoding() is not None:
        return None
    from transformers import masking_utils

    return cast("Any", masking_utils).sdpa_mask(*args, **kwargs)


def _attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    **options: Any,
) -> tuple[Tensor, None]:
    """Transformers' attention interface: [1, H, T, D] in, [1, T, H, D] out."""
    layout = active_layout()
    causal = options.get("is_causal")
    rule = Rule(
        is_causal=bool(getattr(module, "is_causal", True) if causal is None else causal),
        scale=options.get("scaling") or query.shape[-1] ** -0.5,
        window=options.get("sliding_window"),
        softcap=options.get("softcap"),
        dropout=float(options.get("dropout") or 0.0),
    )
    decoding, prefill = active_decoding(), active_prefill()
    if decoding is not None:
        return decoding.attend(query, key, value, rule), None
    if layout is not None:
        key, value = with_keys_before(module, key, value)
    if prefill is not None:
        prefill.catch(*_written_out(key, value, layout))
    if layout is not None:
        return attend(query, key, value, layout, rule), None
    if rule.softcap:
        return _plain(query, key, value, rule, attention_mask).transpose(1, 2), None
    from transformers.integrations import sdpa_attention

    standard = cast("Any", sdpa_attention).sdpa_attention_forward
    return standard(module, query, key, value, attention_mask, **options)


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
        layout: Where the sequences stand among the keys, and which of them see which.
        rule: How this layer attends.
        query_starts: Where each sequence's queries stand, where they are fewer than its keys.

    Returns:
        [1, Q, H, D], contiguous.
    """
    starts, ends = query_starts or layout.starts, layout.key_starts
    key, value = _written_out(key, value, layout)
    slices = tuple(
        Slice(starts[s], starts[s + 1], ends[s], ends[s + 1]) for s in range(layout.num_sequences)
    )
    if rule.is_plain(max(b - a for a, b in pairwise(ends))):
        if query.device.type == "cpu":
            # torch's CPU kernel lets the first query see the first key; ours the last the last.
            is_dense = rule.dropout or query.dtype != torch.float32 or layout.key_places is not None
            node = DenseAttention if is_dense else _CpuFlash
            return cast("Tensor", node.apply(query, key, value, slices, rule))
        if query.dtype != torch.float32 and not rule.dropout:
            return _cuda_flash(query, key, value, starts, ends, rule)
    parts = [
        _plain(query[:, :, a:b], key[:, :, c:d], value[:, :, c:d], rule, None)
        for a, b, c, d in slices
    ]
    return torch.cat(parts, dim=2).transpose(1, 2).contiguous()


def _written_out(key: Tensor, value: Tensor, layout: Layout | None) -> tuple[Tensor, Tensor]:
    """Keys and values as each piece sees them: those above it stand before its own."""
    if layout is None or layout.key_places is None:
        return key, value
    places = layout.key_places.to(key.device)
    key, value = (cast("Tensor", _WrittenOut.apply(x, places)) for x in (key, value))
    return key, value


class _WrittenOut(torch.autograd.Function):
    """Keys or values [1, K, T, D] as each piece sees them: those above it stand before its own.

    Backward sums in float32: a long prompt's keys are pulled on by every answer.
    """

    @staticmethod
    def forward(ctx: Any, state: Tensor, places: Tensor) -> Tensor:
        ctx.save_for_backward(places)
        ctx.num_tokens = state.shape[2]
        return state[0].transpose(0, 1).index_select(0, places).transpose(0, 1)[None]

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        (places,) = ctx.saved_tensors
        rows = grads[0][0].transpose(0, 1)
        summed = rows.new_zeros((ctx.num_tokens, *rows.shape[1:]), dtype=torch.float32)
        summed.index_add_(0, places, rows.float())
        return summed.to(rows.dtype).transpose(0, 1)[None], None


class _CpuFlash(torch.autograd.Function):
    """torch's CPU flash kernel on each sequence's slice, as a single node of the graph."""

    @staticmethod
    def forward(
        ctx: Any,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        slices: tuple[Slice, ...],
        rule: Rule,
    ) -> Tensor:
        _, heads, num_queries, width = query.shape
        out = query.new_empty(1, num_queries, heads, width)
        sums: list[Tensor] = []
        for a, b, c, d in slices:
            part, logsum = _flash(
                query[:, :, a:b],
                key[:, :, c:d],
                value[:, :, c:d],
                0.0,
                rule.is_causal,
                scale=rule.scale,
            )
            out[:, a:b] = part.transpose(1, 2)
            sums.append(logsum)
        ctx.save_for_backward(query, key, value, out, *sums)
        ctx.slices, ctx.rule = slices, rule
        return out

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        query, key, value, out, *sums = ctx.saved_tensors
        rule = ctx.rule
        grad_query, grad_key, grad_value = (like_projection(x) for x in (query, key, value))
        grad_out, out = grads[0].transpose(1, 2), out.transpose(1, 2)
        for (a, b, c, d), logsum in zip(ctx.slices, sums, strict=True):
            parts = _flash_backward(
                grad_out[:, :, a:b],
                query[:, :, a:b],
                key[:, :, c:d],
                value[:, :, c:d],
                out[:, :, a:b],
                logsum,
                0.0,
                rule.is_causal,
                scale=rule.scale,
            )
            grad_query[:, :, a:b], grad_key[:, :, c:d], grad_value[:, :, c:d] = parts
        return grad_query, grad_key, grad_value, None, None


def _cuda_flash(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    query_starts: tuple[int, ...],
    key_starts: tuple[int, ...],
    rule: Rule,
) -> Tensor:
    from torch.nn.attention import varlen

    def bounds(starts: tuple[int, ...]) -> tuple[Tensor, int]:
        longest = max(b - a for a, b in pairwise(starts))
        return torch.tensor(starts, dtype=torch.int32, device=query.device), longest

    query_bounds, longest_query = bounds(query_starts)
    key_bounds, longest_key = bounds(key_starts)
    out = cast("Any", varlen).varlen_attn(
        query[0].transpose(0, 1),
        key[0].transpose(0, 1),
        value[0].transpose(0, 1),
        query_bounds,
        key_bounds,
        longest_query,
        longest_key,
        scale=rule.scale,
        window_size=(-1, 0) if rule.is_causal else (-1, -1),
        enable_gqa=query.shape[1] != key.shape[1],
    )
    return out[None]


def _plain(query: Tensor, key: Tensor, value: Tensor, rule: Rule, mask: Tensor | None) -> Tensor:
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
