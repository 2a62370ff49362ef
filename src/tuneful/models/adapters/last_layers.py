"""The last layers: the top blocks move, everything below them stays.

Paper: Lee, Tang & Lin 2019, arXiv:1911.03090: a quarter of the layers keeps 90 % of the quality.
Cost:  nothing below the lowest block that moves is kept for or computed in the backward pass.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from tuneful.core.errors import ModelError
from tuneful.models.adapters.base import Adapted
from tuneful.models.blocks import blocks_of, move_only, names_in
from tuneful.recipe.parts import PartConfig

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import nn

    from tuneful.models.adapters.base import RatesLike
    from tuneful.models.catalog import ModelFacts


class LastLayersConfig(PartConfig):
    """Settings of training the last layers."""

    name: Literal["last_layers"] = Field(
        default="last_layers", description="Only the top blocks move."
    )
    layers: int = Field(
        default=2, ge=1, description="How many blocks (a third of MiniLM's six; Lee et al.)."
    )


class LastLayers:
    """The top blocks are trained and all below them are frozen; saved as a whole model."""

    Config: ClassVar[type[LastLayersConfig]] = LastLayersConfig
    paper: ClassVar[str] = "Lee et al. 2019, arXiv:1911.03090"
    rates_like: ClassVar[RatesLike] = "full"
    rate_scale: ClassVar[float] = 1.0

    def __init__(self, config: LastLayersConfig) -> None:
        self.config = config

    def apply(self, model: nn.Module, new_tokens: Sequence[int] = ()) -> Adapted:
        """Freeze all but the top blocks and untrained heads.

        Raises:
            ModelError: The model has fewer blocks.
        """
        blocks = blocks_of(model)
        if self.config.layers > len(blocks):
            raise ModelError(
                f"layers is {self.config.layers}, but the model has {len(blocks)}.",
                where="adapter.layers",
                fix=f"Choose 1 to {len(blocks)}.",
            )
        top = names_in(model, blocks[-self.config.layers :])
        move_only(model, lambda name: name in top, new_tokens)
        return Adapted(model)

    def num_trainable(self, facts: ModelFacts) -> int:
        """The weights of so many blocks."""
        return self.config.layers * facts.block_parameters
