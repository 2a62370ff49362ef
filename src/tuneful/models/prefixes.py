"""No prefix is computed twice: sequences of a pass that begin alike share the states of it.

In a causal model a token's state depends on what stands before it and on nothing else. So the two
answers of a preference pair, the answers of a rollout's group, and rows with the same system turn
need their common beginning once. Sequences become a tree of pieces; a piece sees the pieces above
it and itself. The numbers are the same; only the work is less.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

LEAST = 8
"""Common tokens worth a piece of their own: each piece costs a few products more in every layer."""


@dataclass(frozen=True)
class Piece:
    """A run of tokens that stands once in the row.

    Attributes:
        sequence: A sequence that has it.
        start: Where it begins in that sequence.
        end: Where it ends.
        above: Numbers of the pieces before it, from the sequence's first token on.
    """

    sequence: int
    start: int
    end: int
    above: tuple[int, ...] = ()


@dataclass(frozen=True)
class Tree:
    """Sequences as pieces.

    Attributes:
        pieces: Each after those above it.
        paths: For each sequence the numbers of its pieces, in order.
    """

    pieces: list[Piece]
    paths: list[tuple[int, ...]]

    @property
    def num_tokens(self) -> int:
        """Tokens that are computed."""
        return sum(piece.end - piece.start for piece in self.pieces)


def tree_of(sequences: Sequence[Sequence[int]], least: int = LEAST) -> Tree:
    """Cut sequences where they part; common runs shorter than `least` stay with each sequence."""
    order = sorted(range(len(sequences)), key=lambda number: list(sequences[number]))
    alike = [_common(sequences[a], sequences[b]) for a, b in pairwise(order)]
    tree = Tree([], [() for _ in sequences])
    waiting: list[tuple[int, int, int, tuple[int, ...]]] = [(0, len(order), 0, ())]
    while waiting:
        low, high, depth, above = waiting.pop()
        for start, end, common in _runs(low, high, alike, depth + least):
            first = order[start]
            if end - start == 1:
                tree.paths[first] = _grown(tree, Piece(first, depth, len(sequences[first]), above))
            else:
                path = _grown(tree, Piece(first, depth, common, above))
                waiting.append((start, end, common, path))
    return tree


def shared_length(sequences: Sequence[Sequence[int]]) -> int:
    """Tokens to compute for sequences that are packed together."""
    if len(sequences) < 2:
        return sum(map(len, sequences))
    return tree_of(sequences).num_tokens


def _grown(tree: Tree, piece: Piece) -> tuple[int, ...]:
    """Add a piece, unless it has no token; returns the path to it."""
    if piece.start == piece.end:
        return piece.above
    tree.pieces.append(piece)
    return (*piece.above, len(tree.pieces) - 1)


def _runs(low: int, high: int, alike: list[int], least: int) -> list[tuple[int, int, int]]:
    """Neighbours in order that begin alike: first, end, and how many tokens all of them share."""
    found: list[tuple[int, int, int]] = []
    start = low
    while start < high:
        end, common = start + 1, 1 << 62
        while end < high and min(common, alike[end - 1]) >= least:
            common = min(common, alike[end - 1])
            end += 1
        found.append((start, end, common))
        start = end
    return found


def _common(one: Sequence[int], other: Sequence[int]) -> int:
    """Tokens that two sequences have in common at their beginning."""
    count = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            return count
        count += 1
    return count
