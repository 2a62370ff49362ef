"""Ask a model with a head of scores: of whole texts or pairs of texts.

Inputs are ordered by length and packed; results come back in the order asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from tuneful.models.packing import TOKENS_PER_PASS, cut_into_passes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tuneful.models.scoring import Scorer
    from tuneful.models.tokenizer import Tokenizer

Input = str | tuple[str, str]
"""A text, or two of them."""


@dataclass(frozen=True)
class Classifier:
    """Scores texts, or pairs of texts, for each of its labels.

    Attributes:
        labels: Names of the scores in their order.
        temperature: What logits are divided by before they become confidences.
        known: Logits of what was asked before, by its tokens; None where nothing is remembered.
    """

    labels: tuple[str, ...]
    tokenizer: Tokenizer
    scorer: Scorer
    max_length: int
    temperature: float = 1.0
    known: dict[tuple[bytes, int], np.ndarray] | None = None

    def logits(
        self, inputs: Sequence[Input], on_done: Callable[[int], None] | None = None
    ) -> np.ndarray:
        """Logits [inputs, labels] in float32, not yet divided by the temperature.

        Args:
            inputs: What to score; longer ones are cut at the model's max_length.
            on_done: Told how many inputs are done, now and then.
        """
        return self.logits_of(self._encoded(inputs), on_done)

    def logits_of(
        self,
        encoded: Sequence[tuple[Sequence[int], int]],
        on_done: Callable[[int], None] | None = None,
    ) -> np.ndarray:
        """Logits as above of inputs that are tokens, each with where its second text begins."""
        if self.known is None:
            return self._computed(encoded, on_done)
        keys = [(np.array(ids, np.int32).tobytes(), second) for ids, second in encoded]
        new = {key: one for key, one in zip(keys, encoded, strict=True) if key not in self.known}
        self.known.update(zip(new, self._computed(list(new.values()), on_done), strict=True))
        if not keys:
            return np.zeros((0, len(self.labels)), dtype=np.float32)
        return np.stack([self.known[key] for key in keys])

    def _computed(
        self,
        encoded: Sequence[tuple[Sequence[int], int]],
        on_done: Callable[[int], None] | None = None,
    ) -> np.ndarray:
        result = np.zeros((len(encoded), len(self.labels)), dtype=np.float32)
        done = 0
        self.scorer.model.eval()
        for members in cut_into_passes([len(ids) for ids, _ in encoded], TOKENS_PER_PASS):
            tokens, seconds = zip(*(encoded[i] for i in members), strict=True)
            with torch.inference_mode():
                logits_SC = self.scorer.class_logits(tokens, seconds)
            result[members] = logits_SC.cpu().numpy()
            done += len(members)
            if on_done:
                on_done(done)
        return result

    def _encoded(self, inputs: Sequence[Input]) -> list[tuple[list[int], int]]:
        """Token ids of each input, and where its second text begins; 0 for none."""
        pairs = [(given, None) if isinstance(given, str) else given for given in inputs]
        first = self.tokenizer.encode([one for one, _ in pairs])
        second = self.tokenizer.encode([other or "" for _, other in pairs])
        encoded: list[tuple[list[int], int]] = []
        for (_, text), one, other in zip(pairs, first, second, strict=True):
            if text is None:
                encoded.append((self.tokenizer.close(one, self.max_length)[0], 0))
            else:
                both = self.tokenizer.close_pair(one, other, self.max_length)
                encoded.append((list(both.tokens), both.second))
        return encoded

    def classify(self, inputs: Sequence[Input]) -> list[dict[str, Any]]:
        """For each input its "label", the "confidence" in it, and the probabilities of all classes.

        Probabilities are divided by the temperature; they sum to 1.
        """
        scaled = self.logits(inputs).astype(np.float64) / self.temperature
        scaled -= scaled.max(axis=1, keepdims=True)
        share = np.exp(scaled)
        share /= share.sum(axis=1, keepdims=True)
        return [
            {
                "label": self.labels[int(row.argmax())],
                "confidence": round(float(row.max()), 6),
                "probabilities": {
                    name: round(float(value), 6)
                    for name, value in zip(self.labels, row, strict=True)
                },
            }
            for row in share
        ]
