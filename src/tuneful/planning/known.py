"""What choices and predictions rest on: recipe, method, adapter, model, rows and machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

from tuneful.models.adapters.base import Preceding, Rotating
from tuneful.planning.memory import Load

if TYPE_CHECKING:
    from tuneful.methods.base import Method
    from tuneful.models.adapters.base import Adapter
    from tuneful.models.catalog import ModelFacts
    from tuneful.planning.optimizer import OptimizerConfig
    from tuneful.planning.sample import Sample
    from tuneful.recipe.schema import Recipe


@dataclass(frozen=True)
class Place:
    """The machine as far as choices depend on it."""

    device: Literal["cpu", "cuda"]
    memory_gib: float
    threads: int
    has_bf16: bool


@dataclass(frozen=True)
class Known:
    """Everything that choices rest on.

    Attributes:
        recipe: What was asked for.
        method: How rows become a loss.
        adapter: Which weights move.
        facts: The model's shape.
        trainable: Weights that move.
        sample: Training rows as tokens.
        num_validation: Rows of the validation split.
        place: The machine.
        general: Rows that are replayed or that EWC asks about, as tokens.
        beside: Weights of other models that are in memory while this one is trained.
        num_test: Rows of the test split.
    """

    recipe: Recipe
    method: Method[Any]
    adapter: Adapter
    facts: ModelFacts
    trainable: int
    sample: Sample
    num_validation: int
    place: Place
    general: Sample | None = None
    beside: int = 0
    num_test: int = 0

    @property
    def num_before(self) -> int:
        """Learned tokens that the adapter puts before every sequence."""
        return self.adapter.num_before if isinstance(self.adapter, Preceding) else 0

    @property
    def longest(self) -> int:
        """The longest sequence in tokens for which the model has positions."""
        return self.facts.max_length - self.num_before

    @property
    def optimizer(self) -> OptimizerConfig:
        """The optimizer's settings, and what follows from them."""
        return cast("OptimizerConfig", self.recipe.train.optimizer)

    def load_at(self, max_length: int) -> Load:
        """What an estimate of memory rests on, where rows are cut to `max_length`."""
        share = self.sample.learned_share(max_length)
        adapter = self.adapter
        at_once = adapter.num_at_once(self.facts) if isinstance(adapter, Rotating) else None
        return Load(
            self.facts,
            self.trainable,
            share,
            self.optimizer,
            at_once,
            num_before=self.num_before,
            beside=self.beside,
        )
