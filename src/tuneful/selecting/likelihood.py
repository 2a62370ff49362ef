"""What a model that writes expects of rows before it is tuned: the loss of what they teach.

Shapes: N rows.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from tuneful.core.errors import DataError, ModelError
from tuneful.methods import METHODS
from tuneful.methods.base import DataFacts, Encoded
from tuneful.models.predict import Chatter, load_predictor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tuneful.core.events import Listener
    from tuneful.core.store import Store
    from tuneful.data.rows import Row
    from tuneful.recipe.schema import Recipe


class Likelihood:
    """Losses of rows under the recipe's model as it is."""

    def __init__(self, recipe: Recipe, max_length: int, store: Store, listener: Listener) -> None:
        self._method: Any = METHODS[recipe.method.name](recipe.method, DataFacts())
        found = load_predictor(recipe.model, store, listener=listener)
        if not isinstance(found, Chatter):
            raise ModelError(
                "This model does not write, so rows have no perplexity under it.",
                where=f"model: {recipe.model}",
                fix="Name a causal language model, or another selector.",
            )
        self._chatter = found
        self._max_length = min(max_length, found.max_length)

    def losses(self, rows: Sequence[Row], *, alone: bool) -> NDArray[np.float32]:
        """Mean nats of each row's learned tokens; infinity where none is left: [N].

        Args:
            rows: What the recipe's method learns from; of several sequences the first counts.
            alone: Leave out what stands before them.
        """
        encoded = self._method.encode(rows, self._chatter.tokenizer, self._max_length)
        sequences = [cast("Encoded", row[0]) for row in encoded]
        if alone:
            sequences = [self._lone(sequence) for sequence in sequences]
        tokens = [sequence.tokens for sequence in sequences]
        weights = [[float(w > 0) for w in sequence.weights] for sequence in sequences]
        total_N = -self._chatter.sequence_logp(tokens, weights)
        count_N = np.array([sum(row) for row in weights])
        return np.where(count_N > 0, total_N / np.maximum(count_N, 1), np.inf).astype(np.float32)

    def _lone(self, sequence: Encoded) -> Encoded:
        """The learned tokens by themselves, after the token that opens a text, if there is one."""
        learned = [t for t, w in zip(sequence.tokens, sequence.weights, strict=True) if w > 0]
        if len(learned) == len(sequence.tokens) - 1:
            raise DataError(
                "These rows have nothing before what is learned, so it cannot be left out.",
                where="data.select: ifd",
                fix="Choose perplexity, or give conversations.",
            )
        opening = self._chatter.tokenizer.bos_id
        before = [self._chatter.tokenizer.pad_id if opening is None else opening]
        weights = [0.0] + [1.0] * len(learned)
        return replace(sequence, tokens=[*before, *learned], weights=weights)
