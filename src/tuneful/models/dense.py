"""Attention of packed sequences by whole matrix products, with its own backward.

torch's CPU flash kernel is slow backward in bf16: for a review of 270 tokens 4.9 ms against 2.2 ms
of four batched bf16 products. Dropout on the probabilities costs one masked product more here,
where the flash kernel refuses it. Sequences are short, so a [H, L, L] tensor of one of them is
small; it is recomputed backward, not kept.

Shapes: H heads, K key-value heads, L tokens of a sequence, D width of a head.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import torch

from tuneful.models.dropout import drop, keep_mask

if TYPE_CHECKING:
    from torch import Tensor

MOST_KEPT = 32 * 2**20
"""Bytes of a layer's probabilities that are kept for the backward pass, not computed twice."""
_softmax_backward = cast("Any", torch)._softmax_backward_data


class Slice(NamedTuple):
    """Where a sequence's queries and keys stand in the row."""

    query_start: int
    query_end: int
    key_start: int
    key_end: int


@dataclass(frozen=True)
class Rule:
    """How a layer attends: what differs between architectures and layers."""

    is_causal: bool
    scale: float
    window: int | None = None
    softcap: float | None = None
    dropout: float = 0.0

    def is_plain(self, longest: int) -> bool:
        """Whether it is softmax(q k^T) v and no more, for sequences of up to `longest` tokens."""
        return not self.softcap and not (self.window and self.window < longest)


def like_projection(state_HTD: Tensor) -> Tensor:
    """An empty [1, H, T, D] that is [1, T, H, D] in memory, as projections read and write it."""
    flat = torch.empty_like(state_HTD.transpose(1, 2), memory_format=torch.contiguous_format)
    return flat.transpose(1, 2)


class DenseAttention(torch.autograd.Function):
    """softmax(q k^T * scale) v inside each slice, as a single node of the graph."""

    @staticmethod
    def forward(
        ctx: Any, query: Tensor, key: Tensor, value: Tensor, slices: list[Slice], rule: Rule
    ) -> Tensor:
        """[1, T, H, D] of queries, keys and values [1, H or K, T, D]."""
        ctx.save_for_backward(query, key, value)
        ctx.slices, ctx.rule, ctx.masks, ctx.shares = slices, rule, [], []
        out = like_projection(query)
        keeps = _num_shares(slices, query) * query.element_size() <= MOST_KEPT
        groups = query.shape[1] // key.shape[1]
        for a, b, c, d in slices:
            q, k, v = query[0, :, a:b], _spread(key, c, d, groups), _spread(value, c, d, groups)
            shares = _shares(q, k, rule)
            if keeps:
                ctx.shares.append(shares)
            if rule.dropout:
                mask = keep_mask(shares.shape, rule.dropout)
                ctx.masks.append(mask)
                shares = drop(shares, mask, rule.dropout)
            out[0, :, a:b] = torch.bmm(shares, v)
        return out.transpose(1, 2)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        """Gradients of query, key and value; shares that were not kept are computed again."""
        query, key, value = ctx.saved_tensors
        rule, groups = ctx.rule, query.shape[1] // key.shape[1]
        results = like_projection(query), like_projection(key), like_projection(value)
        for number, (a, b, c, d) in enumerate(ctx.slices):
            q, k, v = query[0, :, a:b], _spread(key, c, d, groups), _spread(value, c, d, groups)
            grad_out = grads[0][0, a:b].transpose(0, 1).contiguous()
            shares = dropped = ctx.shares[number] if ctx.shares else _shares(q, k, rule)
            grad_shares = torch.bmm(grad_out, v.mT)
            if rule.dropout:
                dropped = drop(shares, ctx.masks[number], rule.dropout)
                grad_shares = drop(grad_shares, ctx.masks[number], rule.dropout)
            grad_scores = _softmax_backward(grad_shares, shares, -1, shares.dtype).mul_(rule.scale)
            results[0][0, :, a:b] = torch.bmm(grad_scores, k)
            results[1][0, :, c:d] = _gather(torch.bmm(grad_scores.mT, q), groups)
            results[2][0, :, c:d] = _gather(torch.bmm(dropped.mT, grad_out), groups)
        return (*results, None, None)


def _num_shares(slices: list[Slice], query: Tensor) -> int:
    """Elements of all slices' [H, L, L]."""
    return query.shape[1] * sum((b - a) * (d - c) for a, b, c, d in slices)


def _spread(state: Tensor, start: int, end: int, groups: int) -> Tensor:
    """Keys or values of a sequence, one a query head: [H, L, D], contiguous."""
    part = state[0, :, start:end]
    return part.contiguous() if groups == 1 else part.repeat_interleave(groups, dim=0)


def _gather(grad_HLD: Tensor, groups: int) -> Tensor:
    """The gradient of a key-value head: the sum over the query heads that share it."""
    if groups == 1:
        return grad_HLD
    return grad_HLD.view(-1, groups, *grad_HLD.shape[1:]).sum(dim=1)


def _shares(query: Tensor, key: Tensor, rule: Rule) -> Tensor:
    scores = torch.bmm(query * rule.scale, key.mT)
    if rule.is_causal:
        scores += _later(query.shape[1], key.shape[1], scores.dtype)
    return torch.softmax(scores, dim=-1, out=scores)


@lru_cache(maxsize=64)
def _later(num_queries: int, num_keys: int, dtype: torch.dtype) -> Tensor:
    """-inf where a key stands after its query, else 0. The last query sees the last key."""
    blocked = torch.full((num_queries, num_keys), float("-inf"), dtype=dtype)
    return blocked.triu_(1 + num_keys - num_queries)
