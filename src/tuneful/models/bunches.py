"""Slices of a packed row that are attended together: few large products instead of many small ones.

A product of a short sequence costs more by its call than by its arithmetic. Slices of about the
same lengths become one batch, padded where they differ; the plan says which row of queries and keys
goes where, and where each result is to be found.

Shapes: H heads, K key-value heads, G = H / K of them share one, N slices of a bunch, Q queries and
L keys of its longest slice.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import torch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from torch import Tensor

CALLS = 2048
"""What the products of a bunch cost by being called, in pairs of query and key."""
MOST = 65_536
"""Pairs of query and key of a bunch: more leave the processor's cache."""
FARTHEST = 64
"""Slices that are looked at for a bunch."""
LANES = 32
"""Keys of a bunch are a multiple of it: torch's bf16 softmax takes 3.1 ns for an element in rows of
58, and 0.95 ns in rows of 64."""


class Slice(NamedTuple):
    """Where a sequence's queries and keys stand in the row."""

    query_start: int
    query_end: int
    key_start: int
    key_end: int

    @property
    def num_queries(self) -> int:
        """Its queries."""
        return self.query_end - self.query_start

    @property
    def num_keys(self) -> int:
        """Its keys."""
        return self.key_end - self.key_start


@dataclass(frozen=True)
class Bunch:
    """Slices attended by the same products.

    Attributes:
        num_slices: N.
        num_queries: Q.
        num_keys: L.
        blocked: Added to scores [K, N, G, Q, L]: -inf where a query must not look, [1 or N, Q, L];
            None where all see all.
    """

    num_slices: int
    num_queries: int
    num_keys: int
    blocked: Tensor | None


class Ways(NamedTuple):
    """How rows go into the bunches and back.

    Attributes:
        into: For each place in the bunches, the row that stands there; padding repeats a row.
        back: For each row, its place.
        padding: Places that are padding; None where there is none.
    """

    into: Tensor
    back: Tensor
    padding: Tensor | None


@dataclass(frozen=True)
class Plan:
    """All bunches of a row.

    Attributes:
        bunches: In order.
        queries: Ways of the rows [T, H] of queries into [bunch, K, N, G, Q].
        keys: Ways of the rows [T, K] of keys into [bunch, K, N, L].
        heads: H.
        key_heads: K.
    """

    bunches: tuple[Bunch, ...]
    queries: Ways
    keys: Ways
    heads: int
    key_heads: int

    @property
    def num_scores(self) -> int:
        """Scores of all heads, padding included."""
        return self.heads * sum(b.num_slices * b.num_queries * b.num_keys for b in self.bunches)

    def of_queries(self, *states: Tensor) -> Iterator[list[Tensor]]:
        """For each bunch its part of states in the order of queries: [K * N, G * Q, D]."""
        return self._cut(states, [self.heads * b.num_slices * b.num_queries for b in self.bunches])

    def of_keys(self, *states: Tensor) -> Iterator[list[Tensor]]:
        """For each bunch its part of states in the order of keys: [K * N, L, D]."""
        return self._cut(states, [self.key_heads * b.num_slices * b.num_keys for b in self.bunches])

    def _cut(self, states: Sequence[Tensor], sizes: list[int]) -> Iterator[list[Tensor]]:
        split = cast("Any", torch).split
        parts = zip(*(split(state, sizes) for state in states), strict=True)
        for bunch, part in zip(self.bunches, parts, strict=True):
            batch = self.key_heads * bunch.num_slices
            yield [rows.view(batch, -1, rows.shape[-1]) for rows in part]


@lru_cache(maxsize=4)
def plan(slices: tuple[Slice, ...], heads: int, key_heads: int, *, is_causal: bool) -> Plan:
    """How to attend a row. The same for all layers, hence kept.

    Args:
        slices: Of the row; together they hold each query and each key once.
        heads: H.
        key_heads: K, which divides H.
        is_causal: The last query of a slice sees its last key, the one before it all but that.
    """
    groups = heads // key_heads
    bunches: list[Bunch] = []
    queries: list[Tensor] = []
    keys: list[Tensor] = []
    for members in _gather(slices):
        longest = max(s.num_keys for s in members)
        most = max(s.num_queries for s in members), -(-longest // LANES) * LANES
        # [N, Q] and [N, L]; the last row of a slice stands for its padding.
        query_NQ = _places([(s.query_start, s.query_end) for s in members], most[0])
        key_NL = _places([(s.key_start, s.key_end) for s in members], most[1])
        head_KG = torch.arange(heads).view(key_heads, groups)
        queries.append((query_NQ[None, :, None] * heads + head_KG[:, None, :, None]).flatten())
        keys.append((key_NL[None] * key_heads + torch.arange(key_heads)[:, None, None]).flatten())
        bunches.append(Bunch(len(members), *most, _blocked(members, most, is_causal=is_causal)))
    num_queries, num_keys = (max(s[end] for s in slices) for end in (1, 3))
    return Plan(
        tuple(bunches),
        _ways(torch.cat(queries), num_queries * heads),
        _ways(torch.cat(keys), num_keys * key_heads),
        heads,
        key_heads,
    )


def _gather(slices: tuple[Slice, ...]) -> list[list[Slice]]:
    """Neighbours in order of length, cut where padding and calls together cost least."""
    order = sorted(slices, key=lambda s: (s.num_queries, s.num_keys))
    best: list[tuple[int, int]] = [(0, 0)]  # cost of the first so many, where their last cut is
    for end in range(1, len(order) + 1):
        num_queries, longest, found = order[end - 1].num_queries, 0, list[tuple[int, int]]()
        for start in range(end - 1, max(-1, end - FARTHEST - 1), -1):
            longest = max(longest, order[start].num_keys)
            pairs = (end - start) * num_queries * longest
            if found and pairs > MOST:
                break
            found.append((best[start][0] + pairs + CALLS, start))
        best.append(min(found))
    cuts = [len(order)]
    while cuts[-1]:
        cuts.append(best[cuts[-1]][1])
    return [order[start:end] for end, start in pairwise(cuts)]


def _places(spans: list[tuple[int, int]], most: int) -> Tensor:
    starts, ends = (torch.tensor(part)[:, None] for part in zip(*spans, strict=True))
    return torch.minimum(starts + torch.arange(most), ends - 1)


def _blocked(members: list[Slice], most: tuple[int, int], *, is_causal: bool) -> Tensor | None:
    alike = len({(s.num_queries, s.num_keys) for s in members}) == 1
    if alike and not is_causal and members[0].num_keys == most[1]:
        return None
    own = members[:1] if alike else members
    num_queries, num_keys = (
        torch.tensor(numbers)[:, None, None]
        for numbers in zip(*((s.num_queries, s.num_keys) for s in own), strict=True)
    )
    key_L = torch.arange(most[1])
    seen = key_L < num_keys
    if is_causal:
        seen = seen & (key_L - torch.arange(most[0])[:, None] <= num_keys - num_queries)
    return torch.zeros(seen.shape).masked_fill_(~seen, float("-inf")).bfloat16()


def _ways(into: Tensor, num_rows: int) -> Ways:
    """Of places to rows, the way back: the first place of each row; the others are padding."""
    back = torch.full((num_rows,), len(into)).scatter_reduce_(
        0, into, torch.arange(len(into)), "amin"
    )
    is_first = torch.zeros(len(into), dtype=torch.bool)
    is_first[back] = True
    return Ways(into, back, None if bool(is_first.all()) else (~is_first).nonzero()[:, 0])
