"""Attention of packed sequences by whole matrix products, with its own backward.

torch's CPU flash kernel is slow backward in bf16: for a review of 270 tokens 4.9 ms against 2.2 ms
of four batched bf16 products. Dropout on the probabilities costs one masked product more here,
where the flash kernel refuses it. Sequences are short, so a [H, L, L] tensor of one of them is
small; it is recomputed backward, not kept.

Shapes: H heads, K key-value heads, L tokens of a sequence, D width of a head.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import torch

from tuneful.models.bunches import plan
from tuneful.models.dropout import drop, keep_mask

if TYPE_CHECKING:
    from torch import Tensor

    from tuneful.models.bunches import Bunch, Plan, Slice

MOST_KEPT = 32 * 2**20
"""Bytes of a layer's probabilities that are kept for the backward pass, not computed twice."""
_softmax_backward = cast("Any", torch)._softmax_backward_data


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
        ctx: Any, query: Tensor, key: Tensor, value: Tensor, slices: tuple[Slice, ...], rule: Rule
    ) -> Tensor:
        """[1, T, H, D] of queries, keys and values [1, H or K, T, D]."""
        ways = plan(slices, query.shape[1], key.shape[1], is_causal=rule.is_causal)
        ctx.save_for_backward(query, key, value)
        ctx.plan, ctx.rule, ctx.masks, ctx.shares = ways, rule, [], []
        q, k, v = _bunched(query, key, value, ways, rule)
        out = torch.empty_like(q)
        keeps = ways.num_scores * query.element_size() <= MOST_KEPT
        views = zip(ways.bunches, ways.of_queries(q, out), ways.of_keys(k, v), strict=True)
        for bunch, (q_, out_), (k_, v_) in views:
            shares = _shares(q_, k_, bunch)
            if keeps:
                ctx.shares.append(shares)
            if rule.dropout:
                mask = keep_mask(shares.shape, rule.dropout)
                ctx.masks.append(mask)
                shares = drop(shares, mask, rule.dropout)
            torch.bmm(shares, v_, out=out_)
        return out.index_select(0, ways.queries.back).view(1, *_rows(query).shape)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        """Gradients of query, key and value; shares that were not kept are computed again."""
        query, key, value = ctx.saved_tensors
        rule, ways = ctx.rule, ctx.plan
        q, k, v = _bunched(query, key, value, ways, rule)
        pulled = grads[0].reshape(-1, query.shape[-1]).index_select(0, ways.queries.into)
        if ways.queries.padding is not None:
            pulled.index_fill_(0, ways.queries.padding, 0.0)
        grad_q, grad_k, grad_v = (torch.empty_like(x) for x in (q, k, v))
        queries, keys = ways.of_queries(q, pulled, grad_q), ways.of_keys(k, v, grad_k, grad_v)
        for number, (bunch, ours, theirs) in enumerate(
            zip(ways.bunches, queries, keys, strict=True)
        ):
            (q_, pulled_, grad_q_), (k_, v_, grad_k_, grad_v_) = ours, theirs
            shares = dropped = ctx.shares[number] if ctx.shares else _shares(q_, k_, bunch)
            grad_shares = torch.bmm(pulled_, v_.mT)
            if rule.dropout:
                dropped = drop(shares, ctx.masks[number], rule.dropout)
                grad_shares = drop(grad_shares, ctx.masks[number], rule.dropout)
            grad_scores = _softmax_backward(grad_shares, shares, -1, shares.dtype)
            torch.bmm(grad_scores, k_, out=grad_q_)
            torch.bmm(grad_scores.mT, q_, out=grad_k_)
            torch.bmm(dropped.mT, pulled_, out=grad_v_)
        return (
            _heads(grad_q.index_select(0, ways.queries.back).mul_(rule.scale), query),
            _heads(grad_k.index_select(0, ways.keys.back), key),
            _heads(grad_v.index_select(0, ways.keys.back), value),
            None,
            None,
        )


def _rows(state: Tensor) -> Tensor:
    """[T, H, D] of [1, H, T, D]: as projections write them, so mostly no copy."""
    return state[0].transpose(0, 1)


def _heads(rows: Tensor, like: Tensor) -> Tensor:
    """[1, H, T, D] of rows [T * H, D]."""
    return rows.view(_rows(like).shape).transpose(0, 1)[None]


def _bunched(query: Tensor, key: Tensor, value: Tensor, ways: Plan, rule: Rule) -> list[Tensor]:
    """Queries, scaled, keys and values as rows [places, D] in the order of the bunches."""
    each = ((query, ways.queries), (key, ways.keys), (value, ways.keys))
    q, k, v = (_rows(x).reshape(-1, x.shape[-1]).index_select(0, way.into) for x, way in each)
    return [q.mul_(rule.scale), k, v]


def _shares(query: Tensor, key: Tensor, bunch: Bunch) -> Tensor:
    """Probabilities [K * N, G * Q, L] of scaled queries."""
    scores = torch.bmm(query, key.mT)
    if bunch.blocked is not None:
        sizes = bunch.num_slices, query.shape[1] // bunch.num_queries, bunch.num_queries
        scores.view(-1, *sizes, bunch.num_keys).add_(bunch.blocked[:, None])
    return torch.softmax(scores, dim=-1, out=scores)
