"""SIFT: the entries of each matrix whose first gradient is the largest move, the others never.

Paper: Song et al. 2024, arXiv:2312.11875: a few entries carry most of the gradient.
Cost:  optimizer state of the chosen entries only; a matrix's whole gradient lives for a moment.
Limits: the choice looks at the rows of the first step, so it does not go with privacy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from tuneful.models.adapters.base import Adapted
from tuneful.models.blocks import matrices_of, move_only
from tuneful.models.picked import pick_entries, put_back
from tuneful.recipe.parts import PartConfig

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import nn

    from tuneful.models.adapters.base import RatesLike
    from tuneful.models.catalog import ModelFacts


class SiftConfig(PartConfig):
    """Settings of SIFT."""

    name: Literal["sift"] = Field(
        default="sift", description="The entries with the largest first gradients move."
    )
    share: float = Field(
        default=0.01, gt=0, le=1, description="Of each matrix's entries (the paper's 0.8 %)."
    )


class Sift:
    """Entries with the largest first gradients are trained; saved as a whole model."""

    Config: ClassVar[type[SiftConfig]] = SiftConfig
    paper: ClassVar[str] = "Song et al. 2024, arXiv:2312.11875"
    rates_like: ClassVar[RatesLike] = "full"
    rate_scale: ClassVar[float] = 4.0  # few entries bear larger steps: 7e-5 to 1e-4 in the paper

    def __init__(self, config: SiftConfig) -> None:
        self.config = config

    def apply(self, model: nn.Module, new_tokens: Sequence[int] = ()) -> Adapted:
        """Freeze all but untrained heads; entries are chosen when the first rows are at hand."""
        move_only(model, lambda _: False, new_tokens)

        def prepare(learn: Callable[[], object]) -> None:
            matrices = matrices_of(model)
            for layer in matrices.values():
                layer.weight.requires_grad_()
            learn()
            for layer in matrices.values():
                gradient = layer.weight.grad
                assert gradient is not None, "a block's matrix took no part in the loss"
                count = max(1, round(self.config.share * gradient.numel()))
                largest = gradient.abs().flatten().topk(count).indices.sort()[0]
                layer.weight.grad = None
                pick_entries(layer, largest)
            model.zero_grad(set_to_none=True)

        return Adapted(model, prepare=prepare, finish=put_back)

    def num_trainable(self, facts: ModelFacts) -> int:
        """A share of the blocks' matrices."""
        entries = sum(inputs * outputs for inputs, outputs in facts.matrices().values())
        return round(self.config.share * entries * facts.layers)
