"""What tokens spell, counted in bytes: what models of different tokenizers can be compared by."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tuneful.models.tokenizer import Tokenizer


def learned_bytes(tokenizer: Tokenizer, tokens: Sequence[int], weights: Sequence[float]) -> int:
    """Bytes in UTF-8 of what tokens with a weight spell, special ones apart.

    A run of them spells what the text up to its end has more than the text before it: tokenizers
    that drop a space at a text's beginning lose none within.
    """
    edges = [
        at for at, weight in enumerate(weights) if (weight > 0) != (at > 0 and weights[at - 1] > 0)
    ]
    edges += [len(tokens)] * (len(edges) % 2)
    ends = [len(tokenizer.decode(tokens[:at]).encode()) for at in edges]
    return sum(ends[1::2]) - sum(ends[::2])
