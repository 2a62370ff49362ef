"""One number a row for both models: what slices and examples are compared by.

Shapes: N rows.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar, cast

from tuneful.evaluating.measures.tags import TagSample
from tuneful.evaluating.metrics import metric
from tuneful.evaluating.metrics.base import Mean, Ratio

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tuneful.evaluating.metrics.base import Array, Metric

FIELD, FIELDS_RIGHT = "field_accuracy:", "fields right"
USUAL = {
    "classes": ("accuracy",),
    "ratings": ("mae",),
    "labels": ("subset_accuracy",),
    "answers": ("exact_match",),
    "preferences": ("pair_accuracy",),
    "rewards": ("pair_accuracy",),
}
"""What rows are compared by where none of the metrics asked for is a mean over rows."""


@dataclass(frozen=True)
class Scores:
    """How well each row went.

    Attributes:
        title: What the number is: accuracy.
        is_up: Whether more of it is better.
        is_share: Whether it lies between 0 and 1 and is shown in percent.
        tuned_N: Of the tuned model.
        base_N: Of the base; None where it was not asked.
    """

    title: str
    is_up: bool
    is_share: bool
    tuned_N: Array
    base_N: Array | None

    @property
    def is_whole(self) -> bool:
        """Whether every row has a number."""
        known = [self.tuned_N] if self.base_N is None else [self.tuned_N, self.base_N]
        return all(bool((one - one == 0).all()) for one in known)

    @property
    def is_binary(self) -> bool:
        """Whether a row is right or wrong and nothing between."""
        known = [self.tuned_N] if self.base_N is None else [self.tuned_N, self.base_N]
        return all(bool(((one == 0) | (one == 1)).all()) for one in known)

    @property
    def good_tuned_N(self) -> Array:
        """The tuned model's, so that more is better."""
        return self.tuned_N if self.is_up else -self.tuned_N

    @property
    def good_base_N(self) -> Array | None:
        """The base's, so that more is better."""
        return self.base_N if self.base_N is None or self.is_up else -self.base_N


def row_scores(
    names: Sequence[str], measured_as: str, tuned: Any, base: Any | None
) -> Scores | None:
    """The first metric that is a mean over rows; None where the measure has none.

    Args:
        names: Metrics of the evaluation, in their order.
        measured_as: The measure.
        tuned: The tuned model's sample.
        base: The base's.
    """
    parts = [name for name in names if name.startswith(FIELD)]
    if parts:
        return _of(FIELDS_RIGHT, [metric(name) for name in parts], tuned, base)
    for name in [*names, *USUAL.get(measured_as, ())]:
        known = metric(name)
        if isinstance(known, Mean | Ratio) and _counts_rows(known, tuned):
            found = _of(known.title, [known], tuned, base)
            if found.is_whole:
                return found
    if isinstance(tuned, TagSample):
        return Scores(
            "words right", True, True, _tags(tuned), None if base is None else _tags(base)
        )
    if hasattr(tuned, "logp_N"):
        return Scores(
            "nats a token", False, False, _nats(tuned), None if base is None else _nats(base)
        )
    return None


def _counts_rows(known: Mean | Ratio, sample: Any) -> bool:
    """Whether every row counts as one: none is left out, and none counts several times."""
    statistics_NK = cast("Metric", known).statistics(sample)
    return bool((statistics_NK[:, 1:] == 1).all())


def _of(title: str, known: Sequence[Any], tuned: Any, base: Any | None) -> Scores:
    import numpy as np

    def mean(sample: Any) -> Array:
        return np.mean([one.statistics(sample)[:, 0] for one in known], axis=0)

    first, other = known[0], None if base is None else mean(base)
    return Scores(title, first.better == "higher", first.is_share, mean(tuned), other)


class FieldsRight(Mean):
    """Fields of a row's JSON answer that are right; of an answer that is no JSON none is."""

    measures: ClassVar[tuple[str, ...]] = ("answers",)

    def __init__(self, part: str = "") -> None:
        super().__init__(part)
        self._fields: list[Metric] = []

    @classmethod
    def of(cls, names: Sequence[str]) -> FieldsRight:
        """Of the metrics of single fields."""
        made = cls()
        made._fields = [metric(name) for name in names]
        return made

    @property
    def title(self) -> str:
        """As the slices have it."""
        return FIELDS_RIGHT

    def statistics(self, sample: Any) -> Array:
        """The share of each row's fields."""
        import numpy as np

        return np.mean([part.statistics(sample)[:, :1] for part in self._fields], axis=0)


def len_of(sample: Any) -> int:
    """Rows of a sample: the length of its first field."""
    return len(cast("Sequence[Any]", getattr(sample, fields(sample)[0].name)))


def _tags(sample: TagSample) -> Array:
    import numpy as np

    pairs = zip(sample.truth, sample.chosen, strict=True)
    shares = [
        sum(a == b for a, b in zip(truth, chosen, strict=True)) / max(1, len(truth))
        for truth, chosen in pairs
    ]
    return np.array(shares, dtype=np.float64)


def _nats(sample: Any) -> Array:
    """Mean -log p a token of each row."""
    import numpy as np

    return -sample.logp_N / np.maximum(1, sample.tokens_N)


def certainty(sample: Any) -> Array | None:
    """How likely the truth is to the model, row by row: p, or mean log p a token; None: unknown."""
    import numpy as np

    if hasattr(sample, "probability_NC"):
        return sample.probability_NC[np.arange(len(sample.truth_N)), sample.truth_N]
    if hasattr(sample, "logp_N"):
        return sample.logp_N / np.maximum(1, sample.tokens_N)
    return None
