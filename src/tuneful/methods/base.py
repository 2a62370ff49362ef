"""What every training method is made of.

A method says which rows it needs, which token sequences a row becomes, and what a batch of scores
costs. The engine computes the scores, packed and in chunks; a method sees no model.

Shapes: S sequences of a pass, N learned tokens of a pass, C classes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, TypeVar

from tuneful.data.rows import Row

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor

    from tuneful.models.tokenizer import Tokenizer
    from tuneful.recipe.parts import PartConfig

RowT_contra = TypeVar("RowT_contra", bound=Row, contravariant=True)

Head = Literal["classes", "tokens"]
"""What the engine computes of a sequence: class scores, or log p of its learned tokens."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """One token sequence, ready for packing.

    Attributes:
        tokens: Token ids, at most the run's max_length.
        weights: How much each token is learned as a target, one a token; empty for head "classes".
        label: Class index for head "classes", else -1.
        weight: How much the sequence counts.
        num_cut: Tokens that did not fit into max_length.
    """

    tokens: Sequence[int]
    weights: Sequence[float] = ()
    label: int = -1
    weight: float = 1.0
    num_cut: int = 0


@dataclass(frozen=True)
class ClassScores:
    """Head "classes": logits_SC in nats with gradient, label_S the true class, weight_S >= 0."""

    logits_SC: Tensor
    label_S: Tensor
    weight_S: Tensor


@dataclass(frozen=True)
class TokenScores:
    """Head "tokens": log p of each learned token, in nats with gradient, and its weight.

    Attributes:
        logp_N: log p(token | what stands before it) under the model in training.
        weight_N: The token's weight; > 0.
        sequence_N: Which sequence of the pass the token belongs to, 0 to S - 1, ascending.
    """

    logp_N: Tensor
    weight_N: Tensor
    sequence_N: Tensor


Scores = ClassScores | TokenScores


@dataclass(frozen=True)
class Loss:
    """A sum to minimise, and sums worth watching.

    Attributes:
        total: Sum over the pass, with gradient. The engine divides by the step's `units`, so the
            passes of a step add up to the step's loss however they were cut.
        sums: Name to a sum over the pass; shown divided by `units` as well.
    """

    total: Tensor
    sums: Mapping[str, Tensor] = field(default_factory=dict[str, Any])


@dataclass(frozen=True)
class DataFacts:
    """What a method may know of the training rows before it sees them."""

    labels: tuple[str, ...] = ()
    label_counts: tuple[int, ...] = ()


class Method(Protocol[RowT_contra]):
    """A way to turn rows into a loss. Stateless after construction."""

    Config: ClassVar[type[PartConfig]]
    rows: ClassVar[type[Row]]
    head: ClassVar[Head]
    metrics: ClassVar[tuple[str, ...]]
    """Names of the metrics that answer "is it better?" for this method."""
    learning_rates: ClassVar[Mapping[str, tuple[float, float, float]]]
    """Adapter name to (lowest sensible, default, highest sensible)."""

    config: PartConfig

    def __init__(self, config: Any, facts: DataFacts) -> None: ...

    def encode(
        self, rows: Sequence[RowT_contra], tokenizer: Tokenizer, max_length: int
    ) -> list[list[Encoded]]:
        """The sequences of each row, in the order that `loss` relies on."""
        ...

    def units(self, sequences: Sequence[Encoded]) -> float:
        """What the loss of a step made of these sequences is divided by: tokens, rows or pairs."""
        ...

    def loss(self, scores: Any) -> Loss:
        """The summed loss of whole rows."""
        ...

    def known_gradient(self, weight_N: Tensor) -> Tensor | None:
        """d(total)/d(logp_N) where it is known before the model has run, else None.

        Where it is known, the engine need not keep or recompute the vocabulary's logits.
        """
        ...
