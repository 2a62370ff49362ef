"""Many sequences in one row, without padding and without seeing each other.

S sequences of lengths L_1 ... L_S become one row of T = sum(L) tokens, or fewer where they may
share what they begin with (`models.prefixes`). Position ids restart with each sequence, and
attention runs inside each (`models.attention`).
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING

import torch

from tuneful.models.prefixes import tree_of

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from torch import Tensor

    from tuneful.models.prefixes import Tree


TOKENS_PER_PASS = 4096
"""Where nothing is learned. Reviews through MiniLM on two cores, tokens a second by pass: of 2,048
20,600, of 4,096 21,400, of 8,192 19,600, of 16,384 14,600 (it leaves the processor's cache)."""


@dataclass(frozen=True)
class Layout:
    """Where the pieces of a packed row stand: piece s is [starts[s], starts[s + 1]).

    Attributes:
        starts: Where each piece begins, and the end. A piece is a sequence, unless some are shared.
        above: For each piece the numbers of the pieces that it sees before itself; empty where
            every piece is a sequence.
        before: Keys that stand before the row's own and that every piece sees first.
    """

    starts: tuple[int, ...]
    above: tuple[tuple[int, ...], ...] = ()
    before: int = 0

    @property
    def num_sequences(self) -> int:
        """How many pieces the row holds."""
        return len(self.starts) - 1

    @cached_property
    def key_starts(self) -> tuple[int, ...]:
        """Where each piece's keys begin once those above it are written out before it."""
        if not self.above and not self.before:
            return self.starts
        own = self.lengths
        seen = [self.before + sum(own[p] for p in path) for path in self._paths]
        return tuple(accumulate(seen, initial=0))

    @cached_property
    def key_places(self) -> Tensor | None:
        """Where the written out keys stand in the row; None where they stand as they are."""
        if not self.above and not self.before:
            return None
        own = torch.arange(self.before, self.before + self.num_tokens)
        first = torch.arange(self.before)
        spans = [own[self.starts[p] : self.starts[p + 1]] for p in range(self.num_sequences)]
        return torch.cat([x for path in self._paths for x in (first, *(spans[p] for p in path))])

    @property
    def _paths(self) -> list[tuple[int, ...]]:
        """For each piece the numbers of those that it sees, itself at last."""
        if not self.above:
            return [(number,) for number in range(self.num_sequences)]
        return [(*above, number) for number, above in enumerate(self.above)]

    @property
    def num_tokens(self) -> int:
        """Tokens of the row, T."""
        return self.starts[-1]

    @property
    def lengths(self) -> list[int]:
        """Tokens of each piece."""
        return [end - start for start, end in zip(self.starts, self.starts[1:], strict=False)]


@dataclass(frozen=True)
class Packed:
    """A packed row: token and position ids [1, T] and their layout.

    Attributes:
        lengths: Of the sequences.
        places_U: Where each token of each sequence, one after the other, stands in the row; None
            where nothing is shared and they stand as they are.
    """

    tokens_1T: Tensor
    positions_1T: Tensor
    layout: Layout
    lengths: tuple[int, ...]
    places_U: Tensor | None = None

    def first(self) -> Tensor:
        """Index of each sequence's first token, [S]."""
        return self.at(self._ends() - torch.tensor(self.lengths))

    def last(self) -> Tensor:
        """Index of each sequence's last token, [S]."""
        return self.at(self._ends() - 1)

    def at(self, token_N: Tensor) -> Tensor:
        """Places in the row of tokens that are counted through all sequences: [N]."""
        device = self.tokens_1T.device
        if self.places_U is None:
            return token_N.to(device)
        return self.places_U[token_N.to(self.places_U.device)].to(device)

    def _ends(self) -> Tensor:
        return torch.tensor(self.lengths).cumsum(0)


def pack(
    sequences: Sequence[Sequence[int]],
    device: str | torch.device = "cpu",
    *,
    shares: bool = False,
) -> Packed:
    """Put sequences into one row.

    Args:
        sequences: Token ids.
        device: Of the row.
        shares: Put what several sequences begin with there once; for causal models only.

    Raises:
        AssertionError: A sequence has no token; callers check rows before.
    """
    if shares and len(sequences) > 1:
        tree = tree_of(sequences)
        if len(tree.pieces) != len(sequences) or any(piece.above for piece in tree.pieces):
            return _pack_tree(sequences, tree, device)
    starts = [0]
    for tokens in sequences:
        assert len(tokens) > 0, "a sequence without tokens reached packing"
        starts.append(starts[-1] + len(tokens))
    flat = [token for tokens in sequences for token in tokens]
    positions = torch.cat([torch.arange(len(tokens)) for tokens in sequences])
    return Packed(
        torch.tensor(flat, dtype=torch.long, device=device)[None],
        positions.to(device)[None],
        Layout(tuple(starts)),
        tuple(len(tokens) for tokens in sequences),
    )


def _pack_tree(
    sequences: Sequence[Sequence[int]], tree: Tree, device: str | torch.device
) -> Packed:
    pieces = tree.pieces
    starts = tuple(accumulate((p.end - p.start for p in pieces), initial=0))
    flat = [token for p in pieces for token in sequences[p.sequence][p.start : p.end]]
    positions = torch.cat([torch.arange(p.start, p.end) for p in pieces])
    spans = [(starts[number], starts[number + 1]) for path in tree.paths for number in path]
    return Packed(
        torch.tensor(flat, dtype=torch.long, device=device)[None],
        positions.to(device)[None],
        Layout(starts, tuple(piece.above for piece in pieces)),
        tuple(len(tokens) for tokens in sequences),
        torch.cat([torch.arange(start, end) for start, end in spans]),
    )


def cut_into_passes(lengths: Sequence[int], budget: int) -> list[list[int]]:
    """Divide sequences among forward passes of at most `budget` tokens each.

    First-fit decreasing; a sequence longer than the budget gets a pass of its own. Inside a pass
    the original order is kept, so that methods may rely on neighbours. Returns indices.
    """
    size = 1 << len(lengths).bit_length()
    # The room of each pass that there is or may be, as a tree: a node has the larger of its two's.
    room = [budget] * (2 * size)
    passes: list[list[int]] = []
    for index in sorted(range(len(lengths)), key=lambda i: (-lengths[i], i)):
        place = _first_with(room, lengths[index]) if lengths[index] <= budget else len(passes)
        if place == len(passes):
            passes.append([])
        passes[place].append(index)
        _take(room, size + place, lengths[index])
    return [sorted(members) for members in passes]


def _first_with(room: list[int], length: int) -> int:
    """The first place with so much room."""
    node, size = 1, len(room) // 2
    while node < size:
        node *= 2
        node += room[node] < length
    return node - size


def _take(room: list[int], node: int, length: int) -> None:
    room[node] -= length
    while node > 1:
        node //= 2
        room[node] = max(room[2 * node], room[2 * node + 1])


_active: ContextVar[Layout | None] = ContextVar("packed_layout", default=None)


def active_layout() -> Layout | None:
    """The layout of the row that is in the model now, or None for ordinary padded batches."""
    return _active.get()


@contextmanager
def active(layout: Layout) -> Generator[None]:
    """Let attention treat the rows inside as packed. Covers forward, not backward."""
    token = _active.set(layout)
    try:
        yield
    finally:
        _active.reset(token)
