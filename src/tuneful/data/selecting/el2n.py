"""Rows by the length of an early model's error: EL2N.

Source: Paul et al. 2021, arXiv:2107.07075, section 2: the mean over inits of ||p - y||_2 early in
        training. Here p comes from a quick head over frozen embeddings, not from the whole network.
Rows:   With one class each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from tuneful.data.selecting.base import Keep, Need, SelectConfig, errors, ranked

if TYPE_CHECKING:
    from numpy.random import Generator

    from tuneful.data.selecting.base import Features, Floats, Numbers


class El2nConfig(SelectConfig):
    """Settings of EL2N."""

    name: Literal["el2n"] = Field(default="el2n", description="Length of an early error.")
    keep: Keep = Field(
        default="high",
        description="high: the hardest, as the paper does; low where few rows are kept or labels "
        "are doubtful (Sorscher et al. 2022, arXiv:2206.14486).",
    )
    epoch: int = Field(
        default=2,
        ge=1,
        le=10,
        description="Epoch of the quick head, of 10; the paper takes 20 of 200.",
    )


class El2n:
    """Rank rows by the quick head's early error."""

    Config: ClassVar[type[El2nConfig]] = El2nConfig
    needs: ClassVar[tuple[Need, ...]] = ("chances",)
    paper: ClassVar[str] = "Paul et al. 2021, arXiv:2107.07075"

    def __init__(self, config: El2nConfig) -> None:
        self.config = config

    def choose(self, features: Features, count: int, draw: Generator) -> Numbers:
        """The rows with the largest errors, or the smallest."""
        del draw
        return ranked(el2n(features, self.config.epoch), count, self.config.keep)


def el2n(features: Features, epoch: int) -> Floats:
    """Mean over inits of ||p - y|| after an epoch, counted from 1: [N], from 0 to sqrt(2)."""
    import numpy as np

    return np.linalg.norm(errors(features)[:, :, epoch - 1], axis=-1).mean(axis=1)
