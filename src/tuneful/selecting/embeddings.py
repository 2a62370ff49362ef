"""Vectors of texts by an encoder, kept part by part: what was embedded before is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuneful.core.artifact import digest
from tuneful.core.machine import look
from tuneful.models.embed import load_embedder
from tuneful.models.references import locate
from tuneful.selecting.kept import Kept

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from tuneful.core.events import Listener
    from tuneful.core.store import Store
    from tuneful.models.embed import Embedder

VERSION = 1
ROWS_AT_ONCE = 250


def embed_texts(
    reference: str, texts: Sequence[str], max_length: int, store: Store, listener: Listener
) -> NDArray[np.float32]:
    """A vector of each text's first tokens, [N, D]; what a broken call made is not made again.

    Args:
        reference: The encoder, as in `model`.
        texts: To embed.
        max_length: Tokens of a text that are read, those around it counted.
        store: Keeps the vectors, in `features/`.
        listener: Hears how many are done.

    Raises:
        ModelError: The encoder is not to be found, or cannot embed.
    """
    located = locate(reference, store, listener)
    asked = [VERSION, str(located.folder.resolve()), max_length, look().has_bf16]
    kept = Kept(store, "texts", listener, "prepare")
    folder = kept.folder("embedding", [*asked, digest(list(texts))])
    loaded: list[Embedder] = []

    def compute(some: range) -> NDArray[np.float32]:
        if not loaded:
            loaded.append(load_embedder(located, max_length))
        return loaded[0].embed(texts[some.start : some.stop])

    return kept.rows(folder, len(texts), ROWS_AT_ONCE, compute)
