"""Random projection: long vectors made short, inner products kept on average.

Source: Johnson & Lindenstrauss 1984, with random signs (Achlioptas 2003), as in LESS (Xia et al.
        2024, arXiv:2402.04333). Signs are drawn block by block: no matrix of all exists.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

WIDTH = 1024
"""Numbers of a projected vector: the cosine of two moves by about 1 / sqrt(1024), 3 %. The paper
takes 8,192."""
BLOCK = 8192


def project(vector_NQ: NDArray[np.float32], width: int = WIDTH) -> NDArray[np.float32]:
    """[N, Q] to [N, width]; vectors that are not longer stay as they are."""
    length = vector_NQ.shape[1]
    if length <= width:
        return vector_NQ
    result = np.zeros((len(vector_NQ), width), np.float32)
    for start in range(0, length, BLOCK):
        part = vector_NQ[:, start : start + BLOCK]
        rng = np.random.default_rng([start, width, 0x1E55])
        sign = rng.integers(0, 2, (part.shape[1], width), np.int8).astype(np.float32) * 2 - 1
        result += part @ sign
    return result / np.float32(np.sqrt(width))
