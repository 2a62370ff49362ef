"""How similar two texts of a staging file really are, read back one batch at a time."""

from __future__ import annotations

from bisect import bisect_right
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Self

from tuneful.data.arrow import pyarrow
from tuneful.data.copies.shingles import shingle

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from tuneful.data.copies.shingles import Hashes

BATCHES_KEPT = 8
SETS_KEPT = 256
PAIRS_KEPT = 1 << 16


class Texts:
    """The column "key" of a staging file, by row number.

    Args:
        rows: The staging file.
        starts: The row that each of its batches begins with, and the end.
    """

    def __init__(self, rows: Path, starts: list[int]) -> None:
        pa = pyarrow()
        self._file = pa.OSFile(str(rows))
        self._reader = pa.ipc.open_file(self._file)
        self._starts = starts
        self._batch = lru_cache(BATCHES_KEPT)(self._read_batch)
        self._set = lru_cache(SETS_KEPT)(self._read_set)
        self.similarity = lru_cache(PAIRS_KEPT)(self._similarity)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def _similarity(self, one: int, other: int) -> float:
        """Jaccard similarity of two rows' shingles; 0 where neither has any."""
        import numpy as np

        first, second = self._set(one), self._set(other)
        shared = len(np.intersect1d(first, second, assume_unique=True))
        union = len(first) + len(second) - shared
        return shared / max(1, union)

    def _read_set(self, row: int) -> Hashes:
        import numpy as np

        index = bisect_right(self._starts, row) - 1
        keys = self._batch(index).slice(row - self._starts[index], 1)
        return np.unique(shingle(keys).hash_S)

    def _read_batch(self, index: int) -> Any:
        return self._reader.get_batch(index).column("key")
