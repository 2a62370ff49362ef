"""LoRA: a low-rank update beside frozen weight matrices.

Paper: Hu et al. 2021, arXiv:2106.09685, section 4: W x + (alpha / rank) B A x, B = 0 at the start.
Cost:  no gradient and no optimizer state for the base; it can stay in bf16.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from tuneful.core.errors import ModelError
from tuneful.models.lora_layer import fuse
from tuneful.recipe.parts import PartConfig

if TYPE_CHECKING:
    from torch import nn

    from tuneful.models.catalog import ModelFacts

TASKS = {"SequenceClassification": "SEQ_CLS", "TokenClassification": "TOKEN_CLS"}
"""PEFT's word for a model by the end of its class's name: which head it trains and saves whole."""


class LoraConfig(PartConfig):
    """Settings of LoRA."""

    name: Literal["lora"] = Field(default="lora", description="A low-rank update beside the base.")
    rank: int = Field(default=8, ge=1, description="Width of the update (r).")
    alpha: float = Field(
        default=16.0,
        gt=0,
        description="The update is scaled by alpha / rank (2: Hu et al.'s code).",
    )
    dropout: float = Field(default=0.0, ge=0, lt=1, description="Dropout before the update.")
    targets: list[str] | Literal["all-linear"] = Field(
        default="all-linear",
        description="Names of the matrices to adapt; all-linear but the output head does best at "
        "equal size (Dettmers et al. 2023, 2305.14314, figure 2).",
    )


class Lora:
    """The base is frozen; small matrices beside its linear layers are trained (by PEFT)."""

    Config: ClassVar[type[LoraConfig]] = LoraConfig

    def __init__(self, config: LoraConfig) -> None:
        self.config = config

    def apply(self, model: nn.Module) -> nn.Module:
        """Wrap the model with PEFT; new heads of classifiers are trained and saved whole.

        Raises:
            ModelError: A target is no matrix of this model.
        """
        import peft

        config = peft.LoraConfig(
            r=self.config.rank,
            lora_alpha=self.config.alpha,  # pyright: ignore[reportArgumentType]  (PEFT takes floats)
            lora_dropout=self.config.dropout,
            target_modules=self.config.targets,
            bias="none",
            task_type=TASKS.get(type(model).__name__.partition("For")[2], "CAUSAL_LM"),
        )
        try:
            # Precision is the engine's: PEFT's own cast to float32 makes every layer convert twice.
            wrapped = peft.get_peft_model(model, config, autocast_adapter_dtype=False)  # pyright: ignore[reportArgumentType]
        except ValueError as error:
            raise ModelError(
                f"LoRA cannot be put on this model: {str(error).splitlines()[0]}",
                where=f"adapter.targets: {self.config.targets}",
                fix="Name linear layers of the model, or all-linear.",
            ) from error
        fuse(wrapped)
        return wrapped

    def num_trainable(self, facts: ModelFacts) -> int:
        """Rank x (inputs + outputs) of each adapted matrix; a named one counts as width x width."""
        if isinstance(self.config.targets, list):
            sides = 2 * facts.width * len(self.config.targets)
        else:
            sides = sum(inputs + outputs for inputs, outputs in facts.matrices().values())
        return self.config.rank * sides * facts.layers
