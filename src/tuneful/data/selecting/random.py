"""Random rows: what every other way must beat.

Cost: none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from tuneful.data.selecting.base import Need, SelectConfig

if TYPE_CHECKING:
    from numpy.random import Generator

    from tuneful.data.selecting.base import Features, Numbers


class RandomConfig(SelectConfig):
    """Settings of choosing at random."""

    name: Literal["random"] = Field(default="random", description="Drawn by the recipe's seed.")


class Random:
    """Every row is as likely as any other."""

    Config: ClassVar[type[RandomConfig]] = RandomConfig
    needs: ClassVar[tuple[Need, ...]] = ()
    paper: ClassVar[str] = "the baseline"

    def __init__(self, config: RandomConfig) -> None:
        self.config = config

    def choose(self, features: Features, count: int, draw: Generator) -> Numbers:
        """Rows drawn without replacement."""
        return draw.permutation(features.num_rows)[:count]
