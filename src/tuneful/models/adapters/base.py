"""What every adapter is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import nn

    from tuneful.models.catalog import ModelFacts
    from tuneful.models.quantize import Quantization
    from tuneful.recipe.parts import PartConfig

RatesLike = Literal["full", "lora"]
"""Which of a method's ranges of learning rates (`Method.learning_rates`) an adapter takes."""


def same_rate(name: str) -> float:
    """Every parameter moves at the run's learning rate."""
    del name
    return 1.0


def as_it_is(model: nn.Module) -> nn.Module:
    """What was trained is what is saved."""
    return model


@dataclass(frozen=True)
class Adapted:
    """A model with its adapter, and what the engine has to know of it.

    Attributes:
        model: With `requires_grad` set as the adapter wants it, wrapped if need be.
        rate_factor: From a parameter's name to its multiple of the run's learning rate.
        resting: From a step's number to the names of the parameters that do not move in it; a pure
            function, so that a resumed run moves the same. None: none of those with a gradient.
        prepare: Told of a function that adds the gradient of the run's first rows to the
            parameters; called once before the optimizer is made. None: nothing depends on rows.
        finish: Brings the trained model, its weights in place, to the form that plain transformers
            and peft load.
        keeps_base: Whether switching the adapter off (`disable_adapter`) gives the base model.
    """

    model: nn.Module
    rate_factor: Callable[[str], float] = same_rate
    resting: Callable[[int], frozenset[str]] | None = None
    prepare: Callable[[Callable[[], object]], None] | None = None
    finish: Callable[[nn.Module], nn.Module] = as_it_is
    keeps_base: bool = False


class Adapter(Protocol):
    """Decides which weights move. Stateless after construction."""

    Config: ClassVar[type[PartConfig]]
    paper: ClassVar[str]
    """Where it was published: authors, year, arXiv number."""
    rates_like: ClassVar[RatesLike]
    rate_scale: ClassVar[float]
    """What the method's learning rates are multiplied with for this adapter."""

    def __init__(self, config: Any) -> None: ...

    def apply(self, model: nn.Module, new_tokens: Sequence[int] = ()) -> Adapted:
        """Put the adapter on a model. Random draws come from torch's generator.

        Args:
            model: As loaded, in the precision of its file.
            new_tokens: Ids of tokens that the recipe adds: their embeddings are trained, whatever
                else is frozen, and saved.

        Raises:
            ModelError: The model lacks what the adapter is put on.
        """
        ...

    def num_trainable(self, facts: ModelFacts) -> int:
        """How many weights will move, by the model's shape alone: for plans."""
        ...


@runtime_checkable
class Quantizing(Protocol):
    """An adapter whose frozen base is kept in fewer bits."""

    @property
    def quantization(self) -> Quantization:
        """How."""
        ...


@runtime_checkable
class Preceding(Protocol):
    """An adapter whose learned tokens stand before every sequence; for models that write."""

    @property
    def num_before(self) -> int:
        """How many: so much shorter are the longest sequences."""
        ...


@runtime_checkable
class Rotating(Protocol):
    """An adapter that moves some of its weights at a time."""

    def num_at_once(self, facts: ModelFacts) -> int:
        """How many have a gradient and optimizer state at one time: for plans."""
        ...
