"""How likely raw texts are to the model, token by token.

Tuned and untuned model read the same tokens: the method's pieces of each text.

Shapes: N rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from tuneful.evaluating.measures.base import Plain, Told
from tuneful.models.spelling import learned_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from tuneful.data.rows import Text
    from tuneful.models.predict import Chatter


@dataclass(frozen=True)
class TextSample:
    """Probabilities of texts.

    Attributes:
        logp_N: Summed log p (nats) of each row's tokens.
        tokens_N: Their number.
        bytes_N: How many bytes they spell.
    """

    logp_N: NDArray[np.float64]
    tokens_N: NDArray[np.int64]
    bytes_N: NDArray[np.int64]


class Texts(Plain):
    """The tokens of raw text."""

    version: ClassVar[int] = 2  # 2: bytes are counted

    def ask(self, predictor: Chatter, rows: Sequence[Text], told: Told) -> list[Any]:
        """[log p, tokens, bytes] of each row, all its pieces together."""
        import numpy as np

        method = self.context.method
        assert method is not None, "a model of texts was trained"
        encoded = method.encode(rows, predictor.tokenizer, predictor.max_length)
        pieces = [piece for row in encoded for piece in row]
        logp = predictor.sequence_logp(
            [piece.tokens for piece in pieces], [piece.weights for piece in pieces], told("pieces")
        )
        owner = np.repeat(np.arange(len(rows)), [len(row) for row in encoded])
        counts = [sum(w > 0 for w in piece.weights) for piece in pieces]
        spelt = [learned_bytes(predictor.tokenizer, p.tokens, p.weights) for p in pieces]
        sums, tokens, sizes = (
            np.bincount(owner, weights=numbers, minlength=len(rows))
            for numbers in (logp, counts, spelt)
        )
        known = zip(sums, tokens, sizes, strict=True)
        return [[float(total), int(n), int(size)] for total, n, size in known]

    def sample(self, said: Sequence[Any], rows: Sequence[Text]) -> TextSample:
        """What was said; a text is its own truth."""
        import numpy as np

        del rows
        logp, tokens, sizes = zip(*said, strict=True)
        return TextSample(np.array(logp), np.array(tokens), np.array(sizes))

    def say(self, predictor: Chatter, inputs: Sequence[Any]) -> list[dict[str, Any]]:
        """How the model goes on with each text."""
        texts = [str(text) for text in inputs]
        found = predictor.continuations(texts, self.context.max_new_tokens)
        return [{"continuation": text} for text in found]
