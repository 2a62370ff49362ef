"""What a sweep varies: recipe keys and the values they may take, as written on the command line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tuneful.core.errors import RecipeError
from tuneful.recipe.text import value_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from optuna.distributions import BaseDistribution

LOG_FROM = 10
"""A range that spans this factor or more is searched by its logarithm."""
FIX = "--vary train.learning_rate=1e-5..1e-3, or --vary train.batch_size=8,16,32"


@dataclass(frozen=True)
class Range:
    """Numbers from low to high, both included; whole ones where both ends are."""

    low: float
    high: float

    @property
    def is_log(self) -> bool:
        """Whether it is searched by its logarithm."""
        return self.low > 0 and self.high / self.low >= LOG_FROM

    @property
    def ends(self) -> tuple[Any, ...]:
        """Values to check a recipe with before anything is trained."""
        return (self.low, self.high)

    def distribution(self) -> BaseDistribution:
        """As Optuna has it."""
        from optuna.distributions import FloatDistribution, IntDistribution

        if isinstance(self.low, int) and isinstance(self.high, int):
            return IntDistribution(self.low, self.high, log=self.is_log)
        return FloatDistribution(float(self.low), float(self.high), log=self.is_log)


@dataclass(frozen=True)
class Options:
    """One of several values."""

    values: tuple[Any, ...]

    @property
    def ends(self) -> tuple[Any, ...]:
        """Values to check a recipe with before anything is trained: all."""
        return self.values

    def distribution(self) -> BaseDistribution:
        """As Optuna has it."""
        from optuna.distributions import CategoricalDistribution

        return CategoricalDistribution(self.values)


Space = dict[str, Range | Options]


def read_space(written: Sequence[str]) -> Space:
    """Read `key=low..high` and `key=a,b,c`.

    Raises:
        RecipeError: One of them is neither, or nothing is varied.
    """
    if not written:
        raise RecipeError("Nothing is varied.", where="--vary", fix=FIX)
    space: Space = {}
    for text in written:
        key, equals, values = text.partition("=")
        if not equals or not values:
            raise RecipeError(f"--vary {text} has no values.", where="--vary", fix=FIX)
        space[key.strip()] = _read(text, values)
    return space


def _read(text: str, values: str) -> Range | Options:
    low, dots, high = values.partition("..")
    if not dots:
        return Options(tuple(value_of(one.strip()) for one in values.split(",")))
    ends = value_of(low.strip()), value_of(high.strip())
    if not all(isinstance(end, int | float) for end in ends) or not ends[0] < ends[1]:
        raise RecipeError(
            f"--vary {text} is no range: it takes two numbers, the smaller one first.",
            where="--vary",
            fix=FIX,
        )
    return Range(*ends)
