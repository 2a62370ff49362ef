"""Rows that cover all others: greedy k-center over embeddings.

Source: Sener & Savarese 2018, arXiv:1708.00489, algorithm 1 ("k-Center-Greedy"): each next row is
        the one farthest from those chosen. The first one is drawn at random, where the paper begins
        with rows already labelled. Distances are those of embeddings of length 1.
Cost:   rows x chosen rows x width operations; outliers are chosen early.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from tuneful.data.selecting.base import Need, SelectConfig, unit

if TYPE_CHECKING:
    from numpy.random import Generator

    from tuneful.data.selecting.base import Features, Floats, Numbers


class KCenterConfig(SelectConfig):
    """Settings of k-center."""

    name: Literal["k_center"] = Field(default="k_center", description="The most different rows.")


class KCenter:
    """Take the row farthest from all that were taken, again and again."""

    Config: ClassVar[type[KCenterConfig]] = KCenterConfig
    needs: ClassVar[tuple[Need, ...]] = ("embedding",)
    paper: ClassVar[str] = "Sener & Savarese 2018, arXiv:1708.00489"

    def __init__(self, config: KCenterConfig) -> None:
        self.config = config

    def choose(self, features: Features, count: int, draw: Generator) -> Numbers:
        """A cover of the rows, begun with a random one."""
        assert features.embedding_ND is not None
        first = int(draw.integers(features.num_rows))
        return cover(unit(features.embedding_ND), count, first)


def cover(point_ND: Floats, count: int, first: int) -> Numbers:
    """Greedy k-center from the point `first` on; of equally far points the first one is taken."""
    import numpy as np

    chosen = np.empty(count, np.int64)
    square_N = np.square(point_ND).sum(axis=1)
    far_N = np.full(len(point_ND), np.inf, np.float32)
    at = first
    for number in range(count):
        chosen[number] = at
        apart_N = square_N + square_N[at] - 2 * (point_ND @ point_ND[at])
        far_N = np.minimum(far_N, apart_N)
        far_N[at] = -1.0  # a copy of a chosen row is as near as that row, and not chosen twice
        at = int(far_N.argmax())
    return chosen
