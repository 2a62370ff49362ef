"""MinHash: short signatures that agree as often as the sets of shingles do.

One permutation and bins (Li, Owen and Zhang 2012, arXiv:1208.1259), empty bins filled by optimal
densification (Shrivastava 2017, arXiv:1703.04664): every shingle is hashed once, not once for each
number of the signature. Bands (Leskovec, Rajaraman and Ullman 2020, section 3.4) of 5 numbers meet
for two texts with probability 1 - (1 - J^5)^25: 0.99995 at a Jaccard similarity J of 0.8.

Shapes: T texts, K numbers of a signature, N bands.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from tuneful.data.copies.shingles import mix

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from tuneful.data.copies.shingles import Hashes, Shingles

BANDS = 25
BAND_WIDTH = 5
WIDTH = BANDS * BAND_WIDTH
MOST_TRIES = 2000
"""Of filling an empty bin: one shingle in 125 bins is missed by all with probability 1e-7."""


@cache
def _draws() -> tuple[NDArray[np.int64], Hashes]:
    import numpy as np

    draw = np.random.Generator(np.random.PCG64(17))
    borrow = draw.integers(0, WIDTH, size=(MOST_TRIES, WIDTH))
    return borrow, draw.integers(0, 2**64, size=WIDTH, dtype=np.uint64) | np.uint64(1)


def bands(shingles: Shingles, num_texts: int) -> Hashes:
    """One hash for each text and band [T, N]. A text without shingles meets no other one."""
    import numpy as np

    smallest_TK = _smallest(shingles, num_texts)
    _, odd = _draws()
    turned_TK = mix(smallest_TK.astype(np.uint64) * odd)
    turned_TK = turned_TK.reshape(num_texts, BANDS, BAND_WIDTH)
    hash_TN = mix(turned_TK.sum(axis=2, dtype=np.uint64))
    is_bare_T = np.bincount(shingles.text_S, minlength=num_texts) == 0
    hash_TN[is_bare_T] = mix(np.flatnonzero(is_bare_T).astype(np.uint64) * odd[0])[:, None]
    return hash_TN


def _smallest(shingles: Shingles, num_texts: int) -> NDArray[np.uint32]:
    import numpy as np

    nothing = np.uint32(0xFFFFFFFF)
    bin_S = ((shingles.hash_S >> np.uint64(32)) * np.uint64(WIDTH) >> np.uint64(32)).astype(
        np.int64
    )
    value_S = np.minimum(shingles.hash_S.astype(np.uint32), nothing - np.uint32(1))
    smallest = np.full(num_texts * WIDTH, nothing)
    np.minimum.at(smallest, shingles.text_S * WIDTH + bin_S, value_S)
    return _filled(smallest.reshape(num_texts, WIDTH), nothing)


def _filled(smallest_TK: NDArray[np.uint32], nothing: np.uint32) -> NDArray[np.uint32]:
    """Give each empty bin the number of a bin drawn for it, the same one for every text."""
    import numpy as np

    borrow, _ = _draws()
    result_TK = smallest_TK.copy()
    has_any_T = (smallest_TK != nothing).any(axis=1)
    text, place = np.nonzero((smallest_TK == nothing) & has_any_T[:, None])
    for attempt in range(MOST_TRIES):
        if not len(text):
            break
        found = smallest_TK[text, borrow[attempt, place]]
        result_TK[text, place] = found
        left = found == nothing
        text, place = text[left], place[left]
    return result_TK
