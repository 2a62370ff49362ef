"""Ask a model with a head of scores of each word."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from tuneful.models.packing import TOKENS_PER_PASS, cut_into_passes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tuneful.models.scoring import Scorer
    from tuneful.models.tokenizer import Pieces, Tokenizer


@dataclass(frozen=True)
class Tagger:
    """Gives words tags.

    Attributes:
        labels: Names of the tags in the order of the logits.
    """

    labels: tuple[str, ...]
    tokenizer: Tokenizer
    scorer: Scorer
    max_length: int

    def logits(
        self, rows: Sequence[Sequence[str]], on_done: Callable[[int], None] | None = None
    ) -> list[np.ndarray]:
        """Logits [words, tags] in float32 of each row of words.

        A word beyond max_length, or one that the tokenizer has no piece for, has NaN.

        Args:
            rows: Words.
            on_done: Told how many rows are done, now and then.
        """
        encoded = [self.tokenizer.encode_words(words, self.max_length) for words in rows]
        nowhere = [
            np.full((len(words), len(self.labels)), np.nan, dtype=np.float32) for words in rows
        ]
        result, done = nowhere, 0
        self.scorer.model.eval()
        for members in cut_into_passes([len(p.tokens) for p in encoded], TOKENS_PER_PASS):
            found = self._logits([encoded[i] for i in members])
            for index, (words, logits_NC) in zip(members, found, strict=True):
                result[index][words] = logits_NC
            done += len(members)
            if on_done:
                on_done(done)
        return result

    def _logits(self, rows: Sequence[Pieces]) -> list[tuple[list[int], np.ndarray]]:
        """The words of each row that have a first piece, and their logits."""
        words = [[word for word in row.first_of if word >= 0] for row in rows]
        weights = [[float(word >= 0) for word in row.first_of] for row in rows]
        with torch.inference_mode():
            logits_NC, _ = self.scorer.tag_logits([row.tokens for row in rows], weights)
        cuts = np.cumsum([len(row) for row in words])[:-1]
        return list(zip(words, np.split(logits_NC.cpu().numpy(), cuts), strict=True))
