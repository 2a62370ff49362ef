"""Many sequences in one row, without padding and without seeing each other.

S sequences of lengths L_1 ... L_S become one row of T = sum(L) tokens. Position ids restart with
each sequence, and attention runs inside each (`models.attention`).
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from torch import Tensor


@dataclass(frozen=True)
class Layout:
    """Where the sequences of a packed row stand: sequence s is [starts[s], starts[s + 1])."""

    starts: tuple[int, ...]

    @property
    def num_sequences(self) -> int:
        """How many sequences the row holds."""
        return len(self.starts) - 1

    @property
    def num_tokens(self) -> int:
        """Tokens of the row, T."""
        return self.starts[-1]

    @property
    def lengths(self) -> list[int]:
        """Tokens of each sequence."""
        return [end - start for start, end in zip(self.starts, self.starts[1:], strict=False)]


@dataclass(frozen=True)
class Packed:
    """A packed row: token and position ids [1, T] and their layout."""

    tokens_1T: Tensor
    positions_1T: Tensor
    layout: Layout

    def first(self) -> Tensor:
        """Index of each sequence's first token, [S]."""
        return torch.tensor(self.layout.starts[:-1], device=self.tokens_1T.device)

    def last(self) -> Tensor:
        """Index of each sequence's last token, [S]."""
        return torch.tensor(self.layout.starts[1:], device=self.tokens_1T.device) - 1


def pack(sequences: Sequence[Sequence[int]], device: str | torch.device = "cpu") -> Packed:
    """Put sequences into one row, in their order.

    Raises:
        AssertionError: A sequence has no token; callers check rows before.
    """
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
    )


def cut_into_passes(lengths: Sequence[int], budget: int) -> list[list[int]]:
    """Divide sequences among forward passes of at most `budget` tokens each.

    First-fit decreasing; a sequence longer than the budget gets a pass of its own. Inside a pass
    the original order is kept, so that methods may rely on neighbours. Returns indices.
    """
    passes: list[tuple[int, list[int]]] = []
    for index in sorted(range(len(lengths)), key=lambda i: (-lengths[i], i)):
        for slot, (used, members) in enumerate(passes):
            if used + lengths[index] <= budget:
                passes[slot] = (used + lengths[index], [*members, index])
                break
        else:
            passes.append((lengths[index], [index]))
    return [sorted(members) for _, members in passes]


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
