"""What every adapter is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Protocol

if TYPE_CHECKING:
    from torch import nn

    from tuneful.models.catalog import ModelFacts
    from tuneful.recipe.parts import PartConfig


class Adapter(Protocol):
    """Decides which weights move. Stateless after construction."""

    Config: ClassVar[type[PartConfig]]

    def __init__(self, config: Any) -> None: ...

    def apply(self, model: nn.Module) -> nn.Module:
        """Return the model with `requires_grad` set as the adapter wants it, wrapped if need be."""
        ...

    def num_trainable(self, facts: ModelFacts) -> int:
        """How many weights will move, by the model's shape alone: for plans."""
        ...
