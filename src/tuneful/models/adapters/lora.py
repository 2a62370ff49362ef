"""LoRA: a low-rank update beside frozen weight matrices; also rsLoRA, PiSSA and LoRA+.

Paper: Hu et al. 2021, arXiv:2106.09685, section 4: W x + (alpha / rank) B A x, B = 0 at the start.
       rslora (arXiv:2312.03732), init: pissa (arXiv:2404.02948) and plus (LoRA+, arXiv:2402.12354)
       are settings.
Cost:  no gradient and no optimizer state for the base; it can stay in bf16.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from tuneful.models.low_rank import LowRankConfig, apply_low_rank, num_low_rank

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import nn

    from tuneful.models.adapters.base import Adapted, RatesLike
    from tuneful.models.catalog import ModelFacts


class LoraConfig(LowRankConfig):
    """Settings of LoRA."""

    name: Literal["lora"] = Field(default="lora", description="A low-rank update beside the base.")
    init: Literal["zero", "pissa"] = Field(
        default="zero",
        description="zero: the update starts at 0. pissa: it starts as the matrix's largest "
        "singular directions (2404.02948); saved as a plain LoRA of twice the rank.",
    )


class Lora:
    """The base is frozen; small matrices beside its linear layers are trained (by PEFT)."""

    Config: ClassVar[type[LoraConfig]] = LoraConfig
    paper: ClassVar[str] = "Hu et al. 2021, arXiv:2106.09685"
    rates_like: ClassVar[RatesLike] = "lora"
    rate_scale: ClassVar[float] = 1.0

    def __init__(self, config: LoraConfig) -> None:
        self.config = config

    def apply(self, model: nn.Module, new_tokens: Sequence[int] = ()) -> Adapted:
        """Wrap the model with PEFT; new heads of classifiers are trained and saved whole.

        Raises:
            ModelError: A target is no matrix of this model.
        """
        is_pissa = self.config.init == "pissa"
        return apply_low_rank(self.config, model, new_tokens, starts_as_base=is_pissa)

    def num_trainable(self, facts: ModelFacts) -> int:
        """Rank x (inputs + outputs) of each adapted matrix; a named one counts as width x width."""
        return num_low_rank(self.config, facts)
