"""What every way to choose rows is made of.

Shapes: N rows, D width of an embedding, R inits of the quick head, T epochs (or checkpoints) of it,
C classes, P numbers of a projected gradient, G groups of target rows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol

from pydantic import Field

from tuneful.recipe.parts import PartConfig

if TYPE_CHECKING:
    import numpy as np
    from numpy.random import Generator
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Numbers = NDArray[np.int64]

Need = Literal["embedding", "chances", "losses", "lone_losses", "gradients"]
"""What must be computed of the rows before they can be chosen.

embedding    of a frozen encoder
chances      what a quick head over the embeddings gave each class, epoch by epoch
losses       of what each row teaches a model that writes
lone_losses  the same of each answer without what it answers
gradients    of each row, and the mean one of target rows (the validation split)
"""


class SelectConfig(PartConfig):
    """Settings that every selector has."""

    fraction: float = Field(gt=0, le=1, description="Share of the training rows to keep.")
    keep_shares: bool = Field(
        default=True,
        description="Choose within each class, so that classes keep their shares; scores of "
        "difficulty would else pick the hard classes.",
    )
    encoder: str = Field(
        default="",
        description="The model whose mean-pooled last states are the rows' embeddings; empty: the "
        "recipe's own, untuned. Selectors that look at no embedding do not read it.",
    )


OF_ROWS = (
    *("length_N", "label_N", "embedding_ND", "input_ND"),
    *("chance_NRTC", "loss_N", "lone_N", "gradient_NTP"),
)
"""Fields of Features that have an entry for each row."""


@dataclass(frozen=True)
class Features:
    """What is known of the rows that are chosen from.

    Attributes:
        length_N: Characters of each row's texts.
        label_N: Number of each row's class; None where rows have none.
        embedding_ND: Mean-pooled states as they come, not normalised.
        input_ND: The same standardised, as the quick head sees them.
        chance_NRTC: The quick head's probabilities after each epoch.
        loss_N: Mean nats of a learned token.
        lone_N: The same of the answer without what it answers.
        gradient_NTP: Of each row at each checkpoint.
        target_GTP: Mean gradient of each group of target rows.
        rate_T: Learning rate at each checkpoint.
    """

    length_N: Numbers
    label_N: Numbers | None = None
    embedding_ND: Floats | None = None
    input_ND: Floats | None = None
    chance_NRTC: Floats | None = None
    loss_N: Floats | None = None
    lone_N: Floats | None = None
    gradient_NTP: Floats | None = None
    target_GTP: Floats | None = None
    rate_T: Floats | None = None

    @property
    def num_rows(self) -> int:
        """N."""
        return len(self.length_N)

    def take(self, row_K: Numbers) -> Features:
        """What is known of some of the rows."""
        own = {name: getattr(self, name) for name in OF_ROWS}
        return replace(self, **{k: v[row_K] for k, v in own.items() if v is not None})


class Selector(Protocol):
    """A way to choose rows. Stateless after construction."""

    Config: ClassVar[type[SelectConfig]]
    needs: ClassVar[tuple[Need, ...]]
    paper: ClassVar[str]
    """Where it was published: authors, year, arXiv number."""

    def __init__(self, config: Any) -> None: ...

    def choose(self, features: Features, count: int, draw: Generator) -> Numbers:
        """Numbers of `count` different rows, at most all of them, in any order.

        Args:
            features: Has what `needs` names.
            count: From 1 to the number of rows.
            draw: Where chance plays a part.
        """
        ...


def choose_rows(
    selector: Selector, features: Features, count: int, draw: Generator, *, keep_shares: bool
) -> Numbers:
    """Numbers of `count` rows in ascending order; with `keep_shares` of each class as many as fits.

    Every class keeps at least one row where there are as many rows to keep as classes.
    """
    import numpy as np

    if not keep_shares or features.label_N is None:
        return np.sort(selector.choose(features, count, draw))
    size_C = np.bincount(features.label_N)
    parts: list[Numbers] = []
    for label, quota in enumerate(quotas(size_C, count)):
        row_K = np.flatnonzero(features.label_N == label)
        if quota:
            parts.append(row_K[selector.choose(features.take(row_K), quota, draw)])
    return np.sort(np.concatenate(parts))


def quotas(size_C: Numbers, count: int) -> list[int]:
    """Divide `count` by the sizes' shares, the largest remainders rounded up, at least 1 of each.

    >>> import numpy
    >>> quotas(numpy.array([80, 20, 0]), 10), quotas(numpy.array([98, 1, 1]), 10)
    ([8, 2, 0], [8, 1, 1])
    """
    import numpy as np

    exact_C = size_C * (count / int(size_C.sum()))
    given_C = np.floor(exact_C).astype(np.int64)
    order = np.argsort(given_C - exact_C, kind="stable")
    given_C[order[: count - int(given_C.sum())]] += 1
    missing = np.flatnonzero((given_C == 0) & (size_C > 0))
    for label in missing if count >= int((size_C > 0).sum()) else ():
        given_C[int(given_C.argmax())] -= 1
        given_C[label] += 1
    return given_C.tolist()


Keep = Literal["high", "low", "middle"]


def ranked(score_N: NDArray[np.floating[Any]], count: int, keep: Keep) -> Numbers:
    """The rows with the highest, lowest or middle scores; of equal ones those that come first.

    >>> import numpy
    >>> score = numpy.array([3.0, 1.0, 2.0, 5.0, 4.0])
    >>> ranked(score, 2, "high").tolist(), ranked(score, 3, "middle").tolist()
    ([3, 4], [2, 0, 4])
    """
    import numpy as np

    if keep == "high":
        return np.argsort(-score_N, kind="stable")[:count]
    order = np.argsort(score_N, kind="stable")
    begin = (len(order) - count) // 2 if keep == "middle" else 0
    return order[begin : begin + count]


def unit(vector_ND: Floats) -> Floats:
    """Vectors of length 1 in the same directions; a zero vector stays one."""
    import numpy as np

    norm_N1 = np.linalg.norm(vector_ND, axis=-1, keepdims=True)
    return vector_ND / np.maximum(norm_N1, 1e-12)


def errors(features: Features) -> Floats:
    """The quick head's probabilities minus the truth: [N, R, T, C]."""
    import numpy as np

    assert features.chance_NRTC is not None
    assert features.label_N is not None
    found = features.chance_NRTC.copy()
    found[np.arange(len(found)), :, :, features.label_N] -= 1
    return found
