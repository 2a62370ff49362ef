"""What every preflight check is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from tuneful.core.report import Finding, Level
from tuneful.planning.choose import automatic_batch_size, steps_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tuneful.data.dataset import Dataset
    from tuneful.methods.base import Encoded, Method
    from tuneful.planning.settings import Settings
    from tuneful.recipe.schema import Recipe


class EncodedRows(Protocol):
    """The training rows as tokens, cut to max_length; `training.sequences` reads them from disk."""

    @property
    def lengths(self) -> Sequence[int]:
        """Tokens of each row."""
        ...

    @property
    def num_learned(self) -> Sequence[int]:
        """Learned tokens of each row; 0 for class scores."""
        ...

    @property
    def num_cut(self) -> Sequence[int]:
        """Tokens each row lost to max_length."""
        ...

    def take(self, rows: Iterable[int]) -> list[list[Encoded]]:
        """The sequences of some rows."""
        ...


@dataclass(frozen=True)
class Overfit:
    """What came of training on a few rows again and again.

    Attributes:
        losses: Before each step, in order.
        moved: Length of the weights' way, relative to their own length.
    """

    losses: Sequence[float]
    moved: float


@dataclass(frozen=True)
class Rehearsed:
    """What came of learning from the same graded answers a few times.

    Attributes:
        gain: Nats by which tokens of better answers became likelier, set against the worse.
        moved: Length of the weights' way, relative to their own length.
        num_answers: Learned from.
    """

    gain: float
    moved: float
    num_answers: int


@dataclass(frozen=True)
class Tried:
    """An answer of the untrained model.

    Attributes:
        text: What it said.
        reward: What graders gave; None where one of them gave no score.
        failed: By grader, why there is no score.
        is_ended: Whether the model ended it, rather than running out of tokens.
    """

    text: str
    reward: float | None
    failed: Mapping[str, str]
    is_ended: bool


@dataclass(frozen=True)
class Inspection:
    """What is known before the first step. What is not known yet is None.

    Attributes:
        recipe: What was asked for.
        method: How rows become a loss; its class will do.
        data: The prepared rows and the findings about them.
        settings: The plan's.
        plan_findings: What planning found.
        encoded: The training rows as tokens.
        eos_id: The token that ends an answer.
        ask: Lets the model answer a few prompts and has the answers graded; for methods that learn
            from such.
        rehearse: Learns from some of these for a few steps and puts the weights back; gives None
            where they teach nothing.
        overfit: Trains on rows of these numbers for a few steps and puts the weights back.
    """

    recipe: Recipe
    method: Method[Any] | type[Method[Any]]
    data: Dataset
    settings: Settings | None = None
    encoded: EncodedRows | None = None
    eos_id: int | None = None
    overfit: Callable[[Sequence[int]], Overfit] | None = None
    ask: Callable[[], Sequence[Sequence[Tried]]] | None = None
    rehearse: Callable[[], Rehearsed | None] | None = None
    plan_findings: Sequence[Finding] = ()

    @property
    def batch_size(self) -> int:
        """Rows of a step, as planned or as it will be."""
        if self.settings is not None:
            return self.settings.batch_size
        train = self.recipe.train
        if train.batch_size != "auto":
            return train.batch_size
        return automatic_batch_size(self.data.num_rows("train") * train.epochs)

    @property
    def num_steps(self) -> int:
        """Optimizer steps, as planned or as they will be."""
        if self.settings is not None:
            return self.settings.steps
        return steps_of(self.recipe, self.data.num_rows("train"), self.batch_size)


Check = Callable[[Inspection], Iterable[Finding]]


def diverges(code: str, title: str, evidence: str) -> Finding:
    """What was tried on a few rows ended in numbers that are not finite."""
    return Finding(
        Level.ERROR,
        code,
        title,
        evidence=evidence,
        fix="Lower train.learning_rate (a tenth is a good next try) or set train.precision to "
        "fp32.",
        where="train.learning_rate",
    )


def weights_still(evidence: str) -> Finding:
    """Steps were taken, and no weight moved."""
    return Finding(
        Level.ERROR,
        "weights-still",
        "The weights do not move.",
        evidence=evidence,
        fix="The learning rate is too small for the precision, or nothing is trainable: check "
        "train.learning_rate, train.freeze_layers and the adapter.",
        where="train",
    )
