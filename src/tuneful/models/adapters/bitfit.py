"""BitFit: only biases move.

Paper: Ben Zaken, Ravfogel & Goldberg 2021, arXiv:2106.10199; learning rates of 1e-4 to 1e-2 there.
Needs: a model with biases: BERT's kind has them everywhere, Llama's nowhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from tuneful.core.errors import ModelError
from tuneful.models.adapters.base import Adapted
from tuneful.models.blocks import move_only
from tuneful.recipe.parts import PartConfig

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import nn

    from tuneful.models.adapters.base import RatesLike
    from tuneful.models.catalog import ModelFacts


class BitFitConfig(PartConfig):
    """Settings of BitFit: none."""

    name: Literal["bitfit"] = Field(default="bitfit", description="Only biases move.")


class BitFit:
    """Only biases are trained, a thousandth of the weights; saved as a whole model."""

    Config: ClassVar[type[BitFitConfig]] = BitFitConfig
    paper: ClassVar[str] = "Ben Zaken et al. 2021, arXiv:2106.10199"
    rates_like: ClassVar[RatesLike] = "lora"
    rate_scale: ClassVar[float] = 1.0

    def __init__(self, config: BitFitConfig) -> None:
        self.config = config

    def apply(self, model: nn.Module, new_tokens: Sequence[int] = ()) -> Adapted:
        """Freeze all but biases and untrained heads.

        Raises:
            ModelError: The model has no biases.
        """
        if not any(name.endswith(".bias") for name, _ in model.named_parameters()):
            raise ModelError(
                f"{type(model).__name__} has no biases, which are what BitFit trains.",
                where="adapter",
                fix="Choose lora, ia3 or shira for models of Llama's kind.",
            )
        move_only(model, lambda name: name.endswith(".bias"), new_tokens)
        return Adapted(model)

    def num_trainable(self, facts: ModelFacts) -> int:
        """One bias for each output of a block's matrices, and two norms' of each block."""
        outputs = sum(outputs for _, outputs in facts.matrices().values())
        return facts.layers * (outputs + 2 * facts.width)
