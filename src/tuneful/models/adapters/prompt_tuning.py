"""Prompt tuning: the embeddings of a few tokens before every text are learned, and nothing else.

Paper: Lester et al. 2021, arXiv:2104.08691.
Takes: language models: the tokens stand before what the model goes on with.
Cost:  a folder of a few KiB; gradients run through all layers, since they begin at the embeddings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

import torch
from pydantic import Field

from tuneful.models.adapters.base import Adapted
from tuneful.models.virtual import first_words
from tuneful.models.wrap import wrap_before
from tuneful.recipe.parts import PartConfig

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import nn

    from tuneful.models.adapters.base import RatesLike
    from tuneful.models.catalog import ModelFacts


class PromptTuningConfig(PartConfig):
    """Settings of prompt tuning."""

    name: Literal["prompt_tuning"] = Field(
        default="prompt_tuning", description="A few learned tokens before every text."
    )
    tokens: int = Field(
        default=20, ge=1, description="How many; beyond 20 little is gained (Lester et al.)."
    )
    text: str = Field(
        default="",
        description="What they begin as: this text's tokens, repeated or cut to their number. "
        "Empty: tokens drawn from the 5,000 first of the vocabulary.",
    )


class PromptTuning:
    """Learned tokens stand before every text (by PEFT); the model is left as it is."""

    Config: ClassVar[type[PromptTuningConfig]] = PromptTuningConfig
    paper: ClassVar[str] = "Lester et al. 2021, arXiv:2104.08691"
    rates_like: ClassVar[RatesLike] = "lora"
    rate_scale: ClassVar[float] = 60.0
    """3e-2 for sft: of SmolLM2-135M's loss of 0.81 on short JSON answers 20 steps leave 0.32 at
    5e-3 and 0.10 at 5e-2."""

    def __init__(self, config: PromptTuningConfig) -> None:
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

        count = self.config.tokens
        words = first_words(model, count, self.config.text)
        wrapped, table = wrap_before(
            model, peft.PromptTuningConfig(num_virtual_tokens=count), new_tokens
        )
        embedding = wrapped.get_input_embeddings().weight
        with torch.no_grad():
            table.embedding.weight.copy_(embedding[torch.tensor(words).to(embedding.device)])
        return Adapted(wrapped, keeps_base=True)

    def num_trainable(self, facts: ModelFacts) -> int:
        """An embedding for each token."""
        return self.config.tokens * facts.width
