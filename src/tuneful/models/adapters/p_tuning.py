"""P-tuning: learned tokens before every text, made by a small network while they are learned.

Paper: Liu et al. 2021, arXiv:2103.10385. The network ties the tokens to each other, which they say
       makes learning steadier than free embeddings; what it has made is saved, not the network.
Takes: language models: the tokens stand before what the model goes on with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

from pydantic import Field

from tuneful.models.adapters.base import Adapted
from tuneful.models.virtual import without_network
from tuneful.models.wrap import wrap_before
from tuneful.recipe.parts import PartConfig

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import nn

    from tuneful.models.adapters.base import RatesLike
    from tuneful.models.catalog import ModelFacts


class PTuningConfig(PartConfig):
    """Settings of P-tuning."""

    name: Literal["p_tuning"] = Field(
        default="p_tuning", description="Learned tokens before every text, made by a network."
    )
    tokens: int = Field(default=20, ge=1, description="How many.")
    network: Literal["mlp", "lstm"] = Field(
        default="mlp",
        description="What makes them: three layers, or two ways through an LSTM and two layers.",
    )
    inner_width: int | None = Field(
        default=None, ge=1, description="Of the network; null takes the model's width."
    )


class PTuning:
    """A small network makes learned tokens before every text (by PEFT)."""

    Config: ClassVar[type[PTuningConfig]] = PTuningConfig
    paper: ClassVar[str] = "Liu et al. 2021, arXiv:2103.10385"
    rates_like: ClassVar[RatesLike] = "lora"
    rate_scale: ClassVar[float] = 4.0
    """2e-3 for sft: of SmolLM2-135M's loss of 0.90 on short JSON answers 20 steps leave 0.13."""

    def __init__(self, config: PTuningConfig) -> None:
        self.config = config

    @property
    def num_before(self) -> int:
        """Tokens that stand before every sequence."""
        return self.config.tokens

    def apply(self, model: nn.Module, new_tokens: Sequence[int] = ()) -> Adapted:
        """Wrap the model with PEFT.

        Raises:
            ModelError: The model does not write, or new tokens are to be trained.
        """
        import peft

        config = peft.PromptEncoderConfig(
            num_virtual_tokens=self.config.tokens,
            encoder_reparameterization_type=self.config.network.upper(),
            encoder_hidden_size=cast("Any", self.config.inner_width),  # None is PEFT's default
        )
        return Adapted(
            wrap_before(model, config, new_tokens)[0], finish=without_network, keeps_base=True
        )

    def num_trainable(self, facts: ModelFacts) -> int:
        """The tokens and the network's matrices."""
        width, inner = facts.width, self.config.inner_width or facts.width
        if self.config.network == "lstm":
            # Two directions with four gates each in PEFT's two layers; then two linear ones.
            lstm = 8 * inner * (width + inner) + 8 * inner * 3 * inner
            network = lstm + 4 * inner * inner + 2 * inner * width
        else:
            network = 2 * width * inner + inner * inner
        return self.config.tokens * width + network
