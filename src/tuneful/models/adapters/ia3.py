"""(IA)3: learned vectors that scale keys, values and the feed-forward part's inner state.

Paper: Liu et al. 2022, arXiv:2205.05638; learning rate 3e-3 there.
Cost:  a few numbers a layer: the smallest folder of all adapters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from tuneful.models.adapters.base import Adapted
from tuneful.models.wrap import wrap
from tuneful.recipe.parts import PartConfig

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import nn

    from tuneful.models.adapters.base import RatesLike
    from tuneful.models.catalog import ModelFacts


class IA3Config(PartConfig):
    """Settings of (IA)3."""

    name: Literal["ia3"] = Field(default="ia3", description="Learned vectors scale inner states.")
    targets: list[str] | Literal["auto"] = Field(
        default="auto",
        description="Names of the matrices whose outputs are scaled; auto: as PEFT knows them for "
        "the model's family.",
    )
    feedforward: list[str] | Literal["auto"] = Field(
        default="auto", description="Those of them whose inputs are scaled instead."
    )


class IA3:
    """Keys, values and feed-forward states are scaled by learned vectors (by PEFT)."""

    Config: ClassVar[type[IA3Config]] = IA3Config
    paper: ClassVar[str] = "Liu et al. 2022, arXiv:2205.05638"
    rates_like: ClassVar[RatesLike] = "lora"
    rate_scale: ClassVar[float] = 6.0  # 3e-3, the paper's, over LoRA's usual 5e-4

    def __init__(self, config: IA3Config) -> None:
        self.config = config

    def apply(self, model: nn.Module, new_tokens: Sequence[int] = ()) -> Adapted:
        """Wrap the model with PEFT.

        Raises:
            ModelError: The family is unknown and no targets are named, or a target is no matrix.
        """
        import peft

        targets, feedforward = self.config.targets, self.config.feedforward
        config = peft.IA3Config(
            target_modules=None if targets == "auto" else targets,
            feedforward_modules=None if feedforward == "auto" else feedforward,
        )
        where = f"adapter.targets: {targets}"
        return Adapted(wrap(model, config, where, new_tokens), keeps_base=True)

    def num_trainable(self, facts: ModelFacts) -> int:
        """A vector each for keys, values and the feed-forward part's inner state."""
        shared = facts.key_value_heads * facts.head_width
        return facts.layers * (2 * shared + facts.inner_width)
