"""Full fine-tuning: every weight moves, but for layers the recipe freezes (train.freeze_layers)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from tuneful.models.adapters.base import Adapted
from tuneful.recipe.parts import PartConfig

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import nn

    from tuneful.models.adapters.base import RatesLike
    from tuneful.models.catalog import ModelFacts


class FullConfig(PartConfig):
    """Settings of full fine-tuning: none."""

    name: Literal["full"] = Field(default="full", description="Every weight moves.")


class Full:
    """All weights of the model are trained."""

    Config: ClassVar[type[FullConfig]] = FullConfig
    paper: ClassVar[str] = "Howard & Ruder 2018, arXiv:1801.06146"
    rates_like: ClassVar[RatesLike] = "full"
    rate_scale: ClassVar[float] = 1.0

    def __init__(self, config: FullConfig) -> None:
        self.config = config

    def apply(self, model: nn.Module, new_tokens: Sequence[int] = ()) -> Adapted:
        """Return the model itself; every parameter requires its gradient."""
        del new_tokens  # their embeddings move with all others
        model.requires_grad_(requires_grad=True)
        return Adapted(model)

    def num_trainable(self, facts: ModelFacts) -> int:
        """All of them."""
        return facts.parameters
