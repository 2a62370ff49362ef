"""A tag for each word, beside the true one.

The base is the untuned model with a fresh head from the seed. A word that the model did not see,
because the row is longer than max_length, has no tag, and counts as wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from tuneful.evaluating.measures.base import Plain, Told, check_known

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from tuneful.data.rows import Tagged
    from tuneful.models.tagger import Tagger


@dataclass(frozen=True)
class TagSample:
    """Tags of the words of each row; "" for a word without one."""

    truth: tuple[tuple[str, ...], ...]
    chosen: tuple[tuple[str, ...], ...]


class Tags(Plain):
    """One tag for each word."""

    def ask(self, predictor: Tagger, rows: Sequence[Tagged], told: Told) -> list[Any]:
        """The likeliest tag of each row's words."""
        logits = predictor.logits([row.words for row in rows], told("rows"))
        return [[tag for tag, _ in self._likeliest(logits_NC)] for logits_NC in logits]

    def _likeliest(self, logits_NC: np.ndarray) -> list[tuple[str, float]]:
        """Tag and its probability of each word; "" where the model did not see it."""
        import numpy as np

        peak_N1 = logits_NC.max(axis=1, keepdims=True)
        share_N = 1 / np.exp((logits_NC - peak_N1).astype(np.float64)).sum(axis=1)
        numbers = cast("list[int]", logits_NC.argmax(axis=1).tolist())
        pairs = zip(numbers, cast("list[float]", share_N.tolist()), strict=True)
        return [("", 0.0) if p != p else (self.context.labels[n], p) for n, p in pairs]  # noqa: PLR0124  (NaN alone differs from itself)

    def sample(self, said: Sequence[Any], rows: Sequence[Tagged]) -> TagSample:
        """Chosen tags beside true ones.

        Raises:
            DataError: A row has a tag that the model does not know.
        """
        check_known(self.context.labels, [(" ".join(row.words), row.tags) for row in rows])
        return TagSample(tuple(row.tags for row in rows), tuple(tuple(tags) for tags in said))

    def columns(self) -> tuple[str, ...]:
        """Words: a list, or a text that is split at spaces."""
        return ("words",)

    def say(self, predictor: Tagger, inputs: Sequence[Any]) -> list[dict[str, Any]]:
        """Each word with its tag and the confidence in it."""
        rows = [given.split() if isinstance(given, str) else list(given) for given in inputs]
        found: list[dict[str, Any]] = []
        for words, logits_NC in zip(rows, predictor.logits(rows), strict=True):
            pairs = zip(words, self._likeliest(logits_NC), strict=True)
            tags = [{"word": w, "tag": t, "confidence": round(p, 6)} for w, (t, p) in pairs]
            found.append({"tags": tags})
        return found
