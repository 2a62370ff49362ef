"""SHiRA: a sparse, high-rank update: a few entries of each matrix, drawn at random, move.

Paper: Bhardwaj et al. 2024, arXiv:2406.13175 (SHiRA-Rand).
Cost:  as many weights as LoRA of the same rank; several can be added up, for they barely overlap.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

import torch
from pydantic import Field

from tuneful.models.adapters.base import Adapted
from tuneful.models.low_rank import sides
from tuneful.models.wrap import wrap
from tuneful.recipe.parts import PartConfig

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import nn

    from tuneful.models.adapters.base import RatesLike
    from tuneful.models.catalog import ModelFacts


class ShiraConfig(PartConfig):
    """Settings of SHiRA."""

    name: Literal["shira"] = Field(
        default="shira", description="A few entries of each matrix, drawn at random, move."
    )
    rank: int = Field(
        default=8, ge=1, description="rank x (inputs + outputs) entries of each matrix move."
    )
    targets: list[str] | Literal["all-linear"] = Field(
        default="all-linear", description="Names of the matrices."
    )


class Shira:
    """A few entries of each matrix, drawn once at random, are trained (by PEFT)."""

    Config: ClassVar[type[ShiraConfig]] = ShiraConfig
    paper: ClassVar[str] = "Bhardwaj et al. 2024, arXiv:2406.13175"
    rates_like: ClassVar[RatesLike] = "lora"
    rate_scale: ClassVar[float] = 1.0

    def __init__(self, config: ShiraConfig) -> None:
        self.config = config

    def apply(self, model: nn.Module, new_tokens: Sequence[int] = ()) -> Adapted:
        """Wrap the model with PEFT.

        Raises:
            ModelError: A target is no matrix of this model, or has too few entries.
        """
        import peft

        # PEFT builds its update as a sparse tensor; torch warns until the check is refused by name.
        torch.sparse.check_sparse_tensor_invariants.disable()
        config = peft.ShiraConfig(
            r=self.config.rank,
            target_modules=self.config.targets,
            random_seed=int(torch.randint(2**31, ())),
        )
        where = f"adapter.rank: {self.config.rank}, adapter.targets: {self.config.targets}"
        return Adapted(wrap(model, config, where, new_tokens), keeps_base=True)

    def num_trainable(self, facts: ModelFacts) -> int:
        """Rank x (inputs + outputs) of each matrix."""
        return self.config.rank * sides(self.config.targets, facts) * facts.layers
