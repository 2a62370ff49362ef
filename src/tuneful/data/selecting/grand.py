"""Rows by the length of their gradient early in training: GraNd.

Source: Paul et al. 2021, arXiv:2107.07075, section 2: the mean over inits of ||g||_2. Here g is
        the gradient of a quick softmax head over frozen embeddings x: (p - y) [x, 1], whose length
        is ||p - y|| sqrt(||x||^2 + 1); x is standardised as the head sees it.
Rows:   With one class each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from tuneful.data.selecting.base import Keep, Need, SelectConfig, errors, ranked

if TYPE_CHECKING:
    from numpy.random import Generator

    from tuneful.data.selecting.base import Features, Floats, Numbers


class GrandConfig(SelectConfig):
    """Settings of GraNd."""

    name: Literal["grand"] = Field(default="grand", description="Length of an early gradient.")
    keep: Keep = Field(default="high", description="high: the hardest, as the paper does.")
    epoch: int = Field(
        default=1,
        ge=1,
        le=10,
        description="Epoch of the quick head, of 10; the paper takes the first ones.",
    )


class Grand:
    """Rank rows by the quick head's early gradient."""

    Config: ClassVar[type[GrandConfig]] = GrandConfig
    needs: ClassVar[tuple[Need, ...]] = ("chances",)
    paper: ClassVar[str] = "Paul et al. 2021, arXiv:2107.07075"

    def __init__(self, config: GrandConfig) -> None:
        self.config = config

    def choose(self, features: Features, count: int, draw: Generator) -> Numbers:
        """The rows with the longest gradients, or the shortest."""
        del draw
        return ranked(grand(features, self.config.epoch), count, self.config.keep)


def grand(features: Features, epoch: int) -> Floats:
    """Mean over inits of the head's gradient after an epoch, counted from 1: [N]."""
    import numpy as np

    assert features.input_ND is not None
    error_N = np.linalg.norm(errors(features)[:, :, epoch - 1], axis=-1).mean(axis=1)
    return error_N * np.sqrt(np.square(features.input_ND).sum(axis=1) + 1)
