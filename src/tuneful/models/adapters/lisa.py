"""LISA: a few blocks at a time move, drawn anew every so many steps; embeddings and head always.

Paper: Pan et al. 2024, arXiv:2403.17919.
Cost:  gradients and optimizer state of the blocks at hand only; blocks that are drawn again begin
       with fresh optimizer state.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

import torch
from pydantic import Field

from tuneful.core.errors import ModelError
from tuneful.models.adapters.base import Adapted
from tuneful.models.blocks import blocks_of, names_in
from tuneful.recipe.parts import PartConfig

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import nn

    from tuneful.models.adapters.base import RatesLike
    from tuneful.models.catalog import ModelFacts


class LisaConfig(PartConfig):
    """Settings of LISA."""

    name: Literal["lisa"] = Field(default="lisa", description="A few blocks at a time move.")
    layers: int = Field(default=2, ge=1, description="Blocks that move at a time (the paper's).")
    every: int = Field(
        default=20, ge=1, description="Steps after which they are drawn anew (LMFlow's)."
    )


class Lisa:
    """A few blocks at a time are trained, drawn anew every few steps; saved as a whole model."""

    Config: ClassVar[type[LisaConfig]] = LisaConfig
    paper: ClassVar[str] = "Pan et al. 2024, arXiv:2403.17919"
    rates_like: ClassVar[RatesLike] = "full"
    rate_scale: ClassVar[float] = 1.0

    def __init__(self, config: LisaConfig) -> None:
        self.config = config

    def apply(self, model: nn.Module, new_tokens: Sequence[int] = ()) -> Adapted:
        """Let all weights move, by turns.

        Raises:
            ModelError: The model has fewer blocks.
        """
        del new_tokens  # embeddings and head always move
        blocks = blocks_of(model)
        if self.config.layers > len(blocks):
            raise ModelError(
                f"layers is {self.config.layers}, but the model has {len(blocks)}.",
                where="adapter.layers",
                fix=f"Choose 1 to {len(blocks)}.",
            )
        model.requires_grad_(requires_grad=True)
        each = [names_in(model, block) for block in blocks]
        seed = int(torch.randint(2**31, ()))

        def resting(step: int) -> frozenset[str]:
            draw = torch.Generator().manual_seed(seed + step // self.config.every)
            drawn = torch.randperm(len(each), generator=draw)
            return frozenset[str]().union(
                *(each[int(number)] for number in drawn[self.config.layers :])
            )

        return Adapted(model, resting=resting)

    def num_trainable(self, facts: ModelFacts) -> int:
        """All of them, by turns."""
        return facts.parameters

    def num_at_once(self, facts: ModelFacts) -> int:
        """Embeddings, head and so many blocks."""
        resting = max(0, facts.layers - self.config.layers)
        return facts.parameters - resting * facts.block_parameters
