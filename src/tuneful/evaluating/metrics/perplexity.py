"""How likely raw texts, or references' learned tokens, are to the model: by token and by byte."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar, Literal

from tuneful.evaluating.metrics.base import Ratio, ratio

if TYPE_CHECKING:
    from tuneful.evaluating.measures.answers import AnswerSample
    from tuneful.evaluating.measures.texts import TextSample
    from tuneful.evaluating.metrics.base import Array


class Perplexity:
    """exp of the mean of -log p over all learned tokens; comparable for one tokenizer only."""

    better: ClassVar[Literal["higher", "lower"]] = "lower"
    is_share: ClassVar[bool] = False
    measures: ClassVar[tuple[str, ...]] = ("answers", "texts")
    title: ClassVar[str] = "perplexity"
    undefined: ClassVar[str] = "no token of the test rows is learned"

    def __init__(self, part: str = "") -> None:
        self.part = part

    def statistics(self, sample: AnswerSample | TextSample) -> Array:
        """-log p and number of tokens: [N, 2]."""
        import numpy as np

        return np.stack([-sample.logp_N, sample.tokens_N.astype("float64")], axis=1)

    def combine(self, sums_RK: Array, num_rows: int) -> Array:
        """Exp of nats by tokens."""
        import numpy as np

        del num_rows
        return np.exp(ratio(sums_RK[:, 0], sums_RK[:, 1]))


class BitsPerByte(Ratio):
    """-log2 p of the learned tokens by the bytes (UTF-8) that they spell.

    Comparable between models of different tokenizers (Gao et al. 2020, arXiv:2101.00027, section
    3.1). Tokens that spell nothing, such as the end's, cost bits and add no byte.
    """

    better: ClassVar[Literal["higher", "lower"]] = "lower"
    is_share: ClassVar[bool] = False
    measures: ClassVar[tuple[str, ...]] = ("answers", "texts")
    title: ClassVar[str] = "bits per byte"
    undefined: ClassVar[str] = "no learned token of the test rows spells anything"

    def statistics(self, sample: AnswerSample | TextSample) -> Array:
        """-log2 p and number of bytes: [N, 2]."""
        import numpy as np

        assert sample.bytes_N is not None, "measures count them"
        return np.stack([-sample.logp_N / math.log(2), sample.bytes_N.astype("float64")], axis=1)
