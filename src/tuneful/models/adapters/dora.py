"""DoRA: a matrix's magnitude is learned beside a low-rank update of its direction.

Paper: Liu et al. 2024, arXiv:2402.09353, equation 5: m (W + B A) / ||W + B A||, norms by column.
Cost:  LoRA's, and a norm of every adapted matrix in each pass, without gradient (section 4.3).
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


class DoraConfig(LowRankConfig):
    """Settings of DoRA."""

    name: Literal["dora"] = Field(
        default="dora", description="Magnitude and low-rank direction are learned apart."
    )


class Dora:
    """Like LoRA, with each row's magnitude learned apart from its direction (by PEFT)."""

    Config: ClassVar[type[DoraConfig]] = DoraConfig
    paper: ClassVar[str] = "Liu et al. 2024, arXiv:2402.09353"
    rates_like: ClassVar[RatesLike] = "lora"
    rate_scale: ClassVar[float] = 1.0

    def __init__(self, config: DoraConfig) -> None:
        self.config = config

    def apply(self, model: nn.Module, new_tokens: Sequence[int] = ()) -> Adapted:
        """Wrap the model with PEFT; new heads of classifiers are trained and saved whole.

        Raises:
            ModelError: A target is no matrix of this model.
        """
        return apply_low_rank(self.config, model, new_tokens, with_magnitude=True)

    def num_trainable(self, facts: ModelFacts) -> int:
        """LoRA's, and one magnitude for each output."""
        outputs = sum(outputs for _, outputs in facts.matrices().values())
        return num_low_rank(self.config, facts) + outputs * facts.layers
