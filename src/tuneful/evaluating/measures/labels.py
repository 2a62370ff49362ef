"""All the classes that each text belongs to: those with a probability above one half.

The base is the untuned model with a fresh head from the seed.

Shapes: N rows, C classes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tuneful.evaluating.measures.base import Plain, Told, check_known

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from tuneful.data.rows import MultiLabelled
    from tuneful.models.classifier import Classifier


@dataclass(frozen=True)
class LabelSample:
    """Which classes each text has, and how likely the model has each.

    Attributes:
        is_NC: 1 where a class is true, else 0.
        log_odds_NC: Of each class: log of p / (1 - p).
    """

    is_NC: NDArray[np.float64]
    log_odds_NC: NDArray[np.float64]

    @property
    def chose_NC(self) -> NDArray[np.float64]:
        """1 where a class was chosen, being likelier than not, else 0."""
        return (self.log_odds_NC > 0).astype("float64")


class Labels(Plain):
    """All classes of each text."""

    def ask(self, predictor: Classifier, rows: Sequence[MultiLabelled], told: Told) -> list[Any]:
        """Logits of each row."""
        return predictor.logits([row.text for row in rows], told("rows")).tolist()

    def sample(self, said: Sequence[Any], rows: Sequence[MultiLabelled]) -> LabelSample:
        """What the model has for likely beside what is true.

        Raises:
            DataError: A row has a class that the model does not know.
        """
        import numpy as np

        labels = self.context.labels
        check_known(labels, [(row.text, tuple(row.labels)) for row in rows])
        is_NC = np.array([[float(label in row.labels) for label in labels] for row in rows])
        return LabelSample(is_NC, np.asarray(said, dtype=np.float64))

    def plain_use(self) -> str:
        """Each class is a question of its own."""
        return "top_k=None gives the probability of every class; above 0.5 it is chosen"

    def say(self, predictor: Classifier, inputs: Sequence[Any]) -> list[dict[str, Any]]:
        """The chosen classes, and the probability of each."""
        import numpy as np

        share_NC = 1 / (1 + np.exp(-predictor.logits(list(inputs)).astype(np.float64)))
        found: list[dict[str, Any]] = []
        for row in share_NC:
            pairs = zip(self.context.labels, row.tolist(), strict=True)
            known = {label: round(share, 6) for label, share in pairs}
            chosen = [label for label, share in known.items() if share > 0.5]
            found.append({"labels": chosen, "probabilities": known})
        return found
