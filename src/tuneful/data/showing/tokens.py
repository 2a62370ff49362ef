"""What an epoch of a data set's training rows takes, in tokens of one model."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from tuneful.core.report import Table
from tuneful.core.units import number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tuneful.core.report import Cell

PER_PRICE = 1_000_000
"""Tokens that a price is for."""


@dataclass(frozen=True)
class Tokens:
    """Tokens of one pass over the training rows.

    Attributes:
        model: Whose tokens.
        method: Whose sequences: a preference is two, a classifier's has no learned token.
        max_length: Tokens that a sequence is cut to.
        num_rows: Training rows.
        num_sampled: Of them were encoded, evenly spaced.
        tokens: Of an epoch, after cutting.
        low: Of its 95 % interval; equal to tokens where all rows were encoded.
        high: Of its 95 % interval.
        learned: Share of the tokens that is learned as targets; 0 where classes are.
        cut: Share of the sequences that are longer than max_length.
        lengths: Tokens of each sequence that was encoded, before cutting.
        usd: Of a million tokens, where somebody said so.
    """

    model: str
    method: str
    max_length: int
    num_rows: int
    num_sampled: int
    tokens: float
    low: float
    high: float
    learned: float
    cut: float
    lengths: Sequence[int]
    usd: float | None = None

    @property
    def is_exact(self) -> bool:
        """Whether every row was encoded."""
        return self.num_sampled == self.num_rows

    def cost(self, tokens: float) -> float:
        """USD of so many tokens."""
        return tokens * (self.usd or 0.0) / PER_PRICE

    def said(self) -> str:
        """Tokens of an epoch with their interval."""
        if self.is_exact:
            return f"{self.tokens:,.0f}, exactly"
        return f"{_round(self.tokens)} [{_round(self.low)}, {_round(self.high)}]"

    def said_cost(self) -> str:
        """USD of an epoch with the interval; "" without a price."""
        if self.usd is None:
            return ""
        mean, low, high = (f"{self.cost(n):.2f}" for n in (self.tokens, self.low, self.high))
        return f"{mean} USD" if self.is_exact else f"{mean} USD [{low}, {high}]"

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {**asdict(self), "lengths": len(self.lengths), "is_exact": self.is_exact}


def tokens_table(tokens: Tokens) -> Table:
    """Tokens of an epoch for a person."""
    ordered = sorted(tokens.lengths)
    last = len(ordered) - 1
    middle, most = ordered[last // 2], ordered[min(last, int(0.95 * len(ordered)))]
    learned = f"{tokens.learned:.1%}" if tokens.learned else "none: a class or a number is"
    rows: list[list[Cell]] = [
        ["tokens of an epoch", tokens.said()],
        ["learned of them", learned],
        ["tokens of a sequence", f"median {middle:,}, 95 % {most:,}, longest {ordered[-1]:,}"],
        ["cut", f"{tokens.cut:.1%} of the sequences, to {tokens.max_length:,} tokens"],
    ]
    if tokens.usd is not None:
        price = f"at {number(tokens.usd)} USD a million"
        rows.append(["cost of an epoch", f"{tokens.said_cost()} {price}"])
    whole = f"{tokens.num_sampled:,} of {tokens.num_rows:,} training rows were encoded"
    note = whole + ("." if tokens.is_exact else ", evenly spaced; in brackets the 95 % interval.")
    title = f"Tokens of {tokens.model} by {tokens.method}"
    return Table(title, ["what", "value"], rows, note=note)


def _round(tokens: float) -> str:
    """To four digits: more are not known of a sample."""
    return f"{float(f'{tokens:.4g}'):,.0f}"
