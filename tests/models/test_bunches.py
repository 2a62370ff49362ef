"""Attention in bunches: equal to each slice alone, and every row at its place."""

import random

import pytest
import torch

from tuneful.models.bunches import CALLS, LANES, Slice, plan
from tuneful.models.dense import DenseAttention, Rule

SIZES = [(1, 1), (3, 3), (40, 40), (41, 45), (7, 60), (8, 61), (9, 90), (300, 300), (2, 2), (5, 33)]
"""Queries and keys of each slice."""


def slices_of(sizes: list[tuple[int, int]]) -> tuple[Slice, ...]:
    found, query, key = list[Slice](), 0, 0
    for num_queries, num_keys in sizes:
        found.append(Slice(query, query + num_queries, key, key + num_keys))
        query, key = query + num_queries, key + num_keys
    return tuple(found)


def alone(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, rule: Rule) -> torch.Tensor:
    """softmax(q k^T) v of one slice, the last query at the last key: [1, H, Q, D]."""
    groups = q.shape[1] // k.shape[1]
    k, v = (x.repeat_interleave(groups, 1) for x in (k, v))
    scores = q @ k.mT * rule.scale
    if rule.is_causal:
        later = torch.ones(scores.shape[-2:], dtype=torch.bool).triu(1 + k.shape[2] - q.shape[2])
        scores = scores.masked_fill(later, float("-inf"))
    return scores.softmax(-1) @ v


@pytest.mark.parametrize("is_causal", [True, False])
@pytest.mark.parametrize("key_heads", [2, 4])
def test_bunches_attend_as_each_slice_alone(key_heads: int, is_causal: bool):
    slices, rule = slices_of(SIZES), Rule(is_causal=is_causal, scale=0.3)
    torch.manual_seed(0)
    lengths = (slices[-1].query_end, slices[-1].key_end, slices[-1].key_end)
    states = [
        torch.randn(1, length, heads, 16, dtype=torch.float64).transpose(1, 2).requires_grad_()
        for length, heads in zip(lengths, (4, key_heads, key_heads), strict=True)
    ]
    out = DenseAttention.apply(*states, slices, rule)
    wanted = torch.randn(out.shape, dtype=torch.float64)
    found = torch.autograd.grad(out, states, wanted)
    q, k, v = states
    parts = [alone(q[:, :, a:b], k[:, :, c:d], v[:, :, c:d], rule) for a, b, c, d in slices]
    plain = torch.cat(parts, 2).transpose(1, 2)
    torch.testing.assert_close(out, plain)
    for one, other in zip(found, torch.autograd.grad(plain, states, wanted), strict=True):
        torch.testing.assert_close(one, other)


def test_a_plan_holds_every_row_once_and_wastes_less_than_calls_would_cost():
    draw = random.Random(3)
    sizes = [(n, n + draw.choice([0, 8, 50])) for n in draw.choices(range(1, 200), k=70)]
    slices = slices_of(sizes)
    made = plan(slices, 6, 2, is_causal=True)
    for ways, num_rows in (
        (made.queries, 6 * slices[-1].query_end),
        (made.keys, 2 * slices[-1].key_end),
    ):
        assert sorted(ways.into[ways.back].tolist()) == list(range(num_rows))
        assert ways.padding is not None
        assert set(ways.padding.tolist()).isdisjoint(ways.back.tolist())
    assert sum(bunch.num_slices for bunch in made.bunches) == len(slices)
    assert all(bunch.num_keys % LANES == 0 for bunch in made.bunches)
    padded = sum(b.num_slices * b.num_queries * b.num_keys for b in made.bunches)
    alone_ = sum(q * -(-k // LANES) * LANES for q, k in sizes)
    # Each call that was saved must have been worth the padding it took.
    assert padded - alone_ < CALLS * (len(slices) - len(made.bunches))
    assert len(made.bunches) < len(slices)
