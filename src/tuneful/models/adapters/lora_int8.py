"""LoRA over a base kept in 8 bits (LLM.int8).

Paper: Dettmers et al. 2022, arXiv:2208.07339, section 3; kernels by bitsandbytes, CPUs included.
Cost:  half of bf16's memory for the blocks; outlying features keep 16 bits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from tuneful.models.low_rank import LowRankConfig, apply_low_rank, num_low_rank
from tuneful.models.quantize import Quantization

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import nn

    from tuneful.models.adapters.base import Adapted, RatesLike
    from tuneful.models.catalog import ModelFacts


class LoraInt8Config(LowRankConfig):
    """Settings of LoRA over 8 bits."""

    name: Literal["lora_int8"] = Field(
        default="lora_int8", description="LoRA over a base in 8 bits."
    )
    fallback: Literal["lora"] | None = Field(
        default=None,
        description="lora: train on the whole base where this machine cannot quantize; unset, the "
        "recipe is refused there.",
    )


class LoraInt8:
    """LoRA over a frozen base in 8 bits: LLM.int8 (by bitsandbytes)."""

    Config: ClassVar[type[LoraInt8Config]] = LoraInt8Config
    paper: ClassVar[str] = "Dettmers et al. 2022, arXiv:2208.07339"
    rates_like: ClassVar[RatesLike] = "lora"
    rate_scale: ClassVar[float] = 1.0

    def __init__(self, config: LoraInt8Config) -> None:
        self.config = config

    @property
    def quantization(self) -> Quantization:
        """int8 for the blocks' matrices."""
        return Quantization("int8", self.config.fallback)

    def apply(self, model: nn.Module, new_tokens: Sequence[int] = ()) -> Adapted:
        """Wrap the model, quantized when it was loaded, with PEFT's LoRA.

        Raises:
            ModelError: A target is no matrix of this model.
        """
        return apply_low_rank(self.config, model, new_tokens)

    def num_trainable(self, facts: ModelFacts) -> int:
        """As many as LoRA's."""
        return num_low_rank(self.config, facts)
