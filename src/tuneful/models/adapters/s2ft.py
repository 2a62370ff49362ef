"""S2FT: whole attention heads and feed-forward channels move, drawn once; their gradient is dense.

Paper: Yang et al. 2024, arXiv:2412.06289: the columns of the output and down projections
       that belong to the heads and channels chosen.
Cost:  the backward pass keeps the chosen heads' and channels' inputs only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

import torch
from pydantic import Field

from tuneful.core.errors import ModelError
from tuneful.models.adapters.base import Adapted
from tuneful.models.blocks import matrices_of, move_only
from tuneful.models.picked import pick_columns, put_back
from tuneful.recipe.parts import PartConfig

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import nn

    from tuneful.models.adapters.base import RatesLike
    from tuneful.models.catalog import ModelFacts

OUTPUT = ("o_proj", "attention.output.dense", "out_lin", "attn.out_proj", "self_attn.dense")
"""How families name the matrix after attention."""
DOWN = ("down_proj", "output.dense", "lin2", "fc2")
"""And the one that leads out of the feed-forward part."""


class S2FTConfig(PartConfig):
    """Settings of S2FT."""

    name: Literal["s2ft"] = Field(
        default="s2ft", description="Some heads and channels move, drawn once."
    )
    heads: int = Field(default=1, ge=0, description="Attention heads of each block that move.")
    channels: float = Field(
        default=0.02,
        ge=0,
        le=1,
        description="Share of each block's feed-forward channels that move (about LoRA's number of "
        "weights at rank 8).",
    )


class S2FT:
    """Some attention heads and feed-forward channels are trained; saved as a whole model."""

    Config: ClassVar[type[S2FTConfig]] = S2FTConfig
    paper: ClassVar[str] = "Yang et al. 2024, arXiv:2412.06289"
    rates_like: ClassVar[RatesLike] = "lora"
    rate_scale: ClassVar[float] = 0.4  # 2e-4, the paper's, over LoRA's usual 5e-4

    def __init__(self, config: S2FTConfig) -> None:
        self.config = config

    def apply(self, model: nn.Module, new_tokens: Sequence[int] = ()) -> Adapted:
        """Freeze all but the drawn heads' and channels' columns, and untrained heads.

        Raises:
            ModelError: The family names its projections in a way not known here.
        """
        move_only(model, lambda _: False, new_tokens)
        num_heads, found = int(cast("Any", model).config.num_attention_heads), 0
        for name, layer in matrices_of(model).items():
            if name.endswith(OUTPUT):
                heads_N = torch.randperm(num_heads)[: self.config.heads]
                width = layer.in_features // num_heads
                columns = heads_N.sort()[0][:, None] * width + torch.arange(width)
            elif name.endswith(DOWN):
                count = round(self.config.channels * layer.in_features)
                columns = torch.randperm(layer.in_features)[:count].sort()[0]
            else:
                continue
            found += 1
            if columns.numel():
                pick_columns(layer, columns.flatten())
        if not found:
            raise ModelError(
                f"How {type(model).__name__} names its projections is not known to s2ft.",
                where="adapter",
                fix="Choose shira or sift, which take any matrices.",
            )
        return Adapted(model, finish=put_back)

    def num_trainable(self, facts: ModelFacts) -> int:
        """Columns of both projections of each block."""
        channels = round(self.config.channels * facts.inner_width)
        return facts.layers * facts.width * (self.config.heads * facts.head_width + channels)
