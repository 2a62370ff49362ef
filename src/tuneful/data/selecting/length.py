"""The longest rows, or the shortest: cheap, and hard to beat for conversations.

Source: Zhao et al. 2024, "Long is more for alignment", arXiv:2402.04833, who take the longest
        answers. Here all of a row's texts count, in characters.
Cost:   one look at the lengths. Long rows cost more to train on: compare tokens, not rows alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from tuneful.data.selecting.base import Keep, Need, SelectConfig, ranked

if TYPE_CHECKING:
    from numpy.random import Generator

    from tuneful.data.selecting.base import Features, Numbers


class LengthConfig(SelectConfig):
    """Settings of choosing by length."""

    name: Literal["length"] = Field(default="length", description="Characters of a row's texts.")
    keep: Keep = Field(default="high", description="high: the longest, as the paper does.")


class Length:
    """Rank rows by their length."""

    Config: ClassVar[type[LengthConfig]] = LengthConfig
    needs: ClassVar[tuple[Need, ...]] = ()
    paper: ClassVar[str] = "Zhao et al. 2024, arXiv:2402.04833"

    def __init__(self, config: LengthConfig) -> None:
        self.config = config

    def choose(self, features: Features, count: int, draw: Generator) -> Numbers:
        """The longest, shortest or middle rows."""
        del draw
        return ranked(features.length_N.astype("float64"), count, self.config.keep)
