"""Rows whose question helps little with the answer: instruction-following difficulty.

Source: Li et al. 2023, arXiv:2308.12032: IFD = s(answer | question) / s(answer), with s the mean
        loss of the answer's tokens. Rows of 1 and more, whose question misleads, come last, as in
        the paper. Here s is the untuned model's, as in Li et al. 2024 (arXiv:2402.00530), not that
        of one tuned on a few rows before.
Rows:   Conversations, for a model that writes.
Cost:   two forward passes of each row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from tuneful.data.selecting.base import Need, SelectConfig, ranked

if TYPE_CHECKING:
    from numpy.random import Generator

    from tuneful.data.selecting.base import Features, Floats, Numbers


class IfdConfig(SelectConfig):
    """Settings of instruction-following difficulty."""

    name: Literal["ifd"] = Field(default="ifd", description="How little the question helps.")


class Ifd:
    """Rank rows by IFD, the highest below 1 first."""

    Config: ClassVar[type[IfdConfig]] = IfdConfig
    needs: ClassVar[tuple[Need, ...]] = ("losses", "lone_losses")
    paper: ClassVar[str] = "Li et al. 2023, arXiv:2308.12032"

    def __init__(self, config: IfdConfig) -> None:
        self.config = config

    def choose(self, features: Features, count: int, draw: Generator) -> Numbers:
        """The hardest rows whose question does not mislead; then those that mislead least."""
        import numpy as np

        del draw
        ifd_N = ifd(features)
        return ranked(np.where(ifd_N < 1, ifd_N, -ifd_N), count, "high")


def ifd(features: Features) -> Floats:
    """Loss of each answer to its question by its loss alone: [N]."""
    import numpy as np

    assert features.loss_N is not None
    assert features.lone_N is not None
    ifd_N = features.loss_N / np.maximum(features.lone_N, 1e-9)
    return ifd_N.astype(np.float32)
