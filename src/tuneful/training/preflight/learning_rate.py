"""A learning rate far from what the method takes with this adapter."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from tuneful.core.report import Finding, Level
from tuneful.models.adapters import ADAPTERS
from tuneful.planning.choose import rates_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tuneful.planning.optimizer import OptimizerConfig
    from tuneful.training.preflight.base import Inspection

FAR = 10
"""Times outside the sensible range at which the run is refused rather than warned of."""


def check(inspection: Inspection) -> Iterator[Finding]:
    """Compare a stated learning rate with the method's range."""
    recipe = inspection.recipe
    asked = recipe.train.learning_rate
    if asked == "auto":
        return
    optimizer = cast("OptimizerConfig", recipe.train.optimizer)
    low, usual, high = rates_of(inspection.method, ADAPTERS[recipe.adapter.name], optimizer)
    if low <= asked <= high:
        return
    is_far = asked < low / FAR or asked > high * FAR
    fate = "the weights would hardly move" if asked < low else "training would likely diverge"
    yield Finding(
        Level.ERROR if is_far else Level.WARNING,
        "learning-rate-off",
        f"The learning rate {asked:g} is {'below' if asked < low else 'above'} what "
        f"{recipe.method.name} takes with adapter {recipe.adapter.name}.",
        evidence=f"sensible is {low:g} to {high:g}; {fate}",
        fix=f"Set train.learning_rate to auto ({usual:g}).",
        where="train.learning_rate",
        change={"train.learning_rate": "auto"},
    )
