"""Full fine-tuning: every weight moves, but for layers the recipe freezes (train.freeze_layers)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from tuneful.recipe.parts import PartConfig

if TYPE_CHECKING:
    from torch import nn

    from tuneful.models.catalog import ModelFacts


class FullConfig(PartConfig):
    """Settings of full fine-tuning: none."""

    name: Literal["full"] = Field(default="full", description="Every weight moves.")


class Full:
    """All weights of the model are trained."""

    Config: ClassVar[type[FullConfig]] = FullConfig

    def __init__(self, config: FullConfig) -> None:
        self.config = config

    def apply(self, model: nn.Module) -> nn.Module:
        """Return the model itself; every parameter requires its gradient."""
        model.requires_grad_(requires_grad=True)
        return model

    def num_trainable(self, facts: ModelFacts) -> int:
        """All of them."""
        return facts.parameters
