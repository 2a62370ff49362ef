"""QLoRA: LoRA over a base kept in 4 bits (NF4, its scales quantized again).

Paper: Dettmers et al. 2023, arXiv:2305.14314, section 3; kernels by bitsandbytes, CPUs included.
Cost:  a quarter of bf16's memory for the blocks; each product unpacks its matrix, which takes time.
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


class QLoraConfig(LowRankConfig):
    """Settings of QLoRA."""

    name: Literal["qlora"] = Field(default="qlora", description="LoRA over a base in 4 bits.")
    fallback: Literal["lora"] | None = Field(
        default=None,
        description="lora: train on the whole base where this machine cannot quantize; unset, the "
        "recipe is refused there.",
    )


class QLora:
    """LoRA over a frozen base in 4 bits: NF4, double-quantized (by bitsandbytes)."""

    Config: ClassVar[type[QLoraConfig]] = QLoraConfig
    paper: ClassVar[str] = "Dettmers et al. 2023, arXiv:2305.14314"
    rates_like: ClassVar[RatesLike] = "lora"
    rate_scale: ClassVar[float] = 1.0

    def __init__(self, config: QLoraConfig) -> None:
        self.config = config

    @property
    def quantization(self) -> Quantization:
        """nf4 for the blocks' matrices."""
        return Quantization("nf4", self.config.fallback)

    def apply(self, model: nn.Module, new_tokens: Sequence[int] = ()) -> Adapted:
        """Wrap the model, quantized when it was loaded, with PEFT's LoRA.

        Raises:
            ModelError: A target is no matrix of this model.
        """
        return apply_low_rank(self.config, model, new_tokens)

    def num_trainable(self, facts: ModelFacts) -> int:
        """As many as LoRA's."""
        return num_low_rank(self.config, facts)
