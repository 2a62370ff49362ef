"""Groups of rows whose texts are copies: the same but for case and spaces, or nearly the same.

Nearly means a Jaccard similarity of the word 3-shingles of 0.8 or more. Bands of MinHash find the
pairs worth comparing, the shingles themselves decide. Hashes lie on disk, a file for each band;
only a part of one band is in memory at a time.
"""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tuneful.core.events import Event
from tuneful.data.arrow import pyarrow, read_batches
from tuneful.data.copies.minhash import BANDS, bands
from tuneful.data.copies.shingles import shingle
from tuneful.data.copies.union import Union
from tuneful.data.copies.verify import Texts
from tuneful.data.sharing.crew import Alone

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from tuneful.core.events import Listener
    from tuneful.data.copies.shingles import Hashes
    from tuneful.data.sharing.crew import Crew

THRESHOLD = 0.8
"""Lee et al. 2022 (arXiv:2107.06499) took 0.8 as near-duplicate as well."""
PART_OF_BAND = 1 << 17
"""Rows of a band that are sorted at once."""
CHUNK = 1 << 16
MOST_COMPARED = 32
"""Texts of one bucket that a row is compared with; the other bands catch what is left."""
BUFFER = 1 << 16
KEYS_HERE = 16
"""Batches that are hashed before others are asked: a process takes a second to start."""


@dataclass(frozen=True)
class Copies:
    """Which rows belong together.

    Attributes:
        group_N: For each row the number of the first row of its group; its own where it is alone.
        num_exact: Rows that repeat an earlier one but for case and spaces.
        num_near: Further rows that are nearly an earlier one.
    """

    group_N: NDArray[np.int32]
    num_exact: int
    num_near: int


def find_copies(
    rows: Path,
    used_N: NDArray[np.bool_],
    *,
    near: bool,
    listener: Listener,
    crew: Crew | None = None,
) -> Copies:
    """Group the used rows of a staging file by their column "key"; the crew hashes them."""
    import numpy as np

    number_P = np.flatnonzero(used_N).astype(np.int32)
    folder = rows.parent / "bands"
    folder.mkdir()
    try:
        starts = [0]
        keys = _keys(rows, used_N, listener, starts)
        _write_bands(folder, near, (crew or Alone()).map(Hashing(near), keys, here=KEYS_HERE))
        union = Union(len(number_P))
        _join_exact(folder / "exact", union)
        num_exact = union.num_joined
        if near:
            is_first_P = union.is_root()
            with Texts(rows, starts) as texts:
                for band in range(BANDS):
                    for hash_P, place_P in _parts(folder / str(band)):
                        first_P = is_first_P[place_P]
                        for bucket in _buckets(hash_P[first_P], place_P[first_P]):
                            _compare(bucket.tolist(), union, texts, number_P)
    finally:
        shutil.rmtree(folder)
    group_N = np.arange(len(used_N), dtype=np.int32)
    group_N[number_P] = number_P[union.roots()]
    return Copies(group_N, num_exact, union.num_joined - num_exact)


def _keys(
    rows: Path, used_N: NDArray[np.bool_], listener: Listener, starts: list[int]
) -> Iterator[Any]:
    """The texts of the used rows, batch by batch; `starts` gets where each batch ends."""
    pa = pyarrow()
    total = len(used_N)
    for index, batch in enumerate(read_batches(rows)):
        begin = starts[-1]
        starts.append(begin + batch.num_rows)
        keys = batch.column("key").filter(pa.array(used_N[begin : starts[-1]]))
        if len(keys):
            yield keys
        if index % 32 == 0:
            facts = {"stage": "prepare", "done": begin, "total": total, "unit": "rows"}
            listener(Event("progress", facts | {"text": "comparing"}))


def _write_bands(folder: Path, near: bool, hashed: Iterable[list[bytes]]) -> None:
    """Write one file of hashes for each band."""
    names = ["exact", *(str(band) for band in range(BANDS if near else 0))]
    files = [(folder / name).open("wb", buffering=BUFFER) for name in names]
    try:
        for bands_of_batch in hashed:
            for file, hashes in zip(files, bands_of_batch, strict=True):
                file.write(hashes)
    finally:
        for file in files:
            file.close()


@dataclass(frozen=True)
class Hashing:
    """Hashes of texts, pure: others may do it as well.

    Attributes:
        near: Whether nearly equal texts are to be found.
    """

    near: bool

    def __call__(self, keys: Any) -> list[bytes]:
        """Eight bytes a text: of the whole text, then of each band."""
        found = [_exact(keys).tobytes()]
        if self.near:
            hash_TN = bands(shingle(keys), len(keys))
            found += [hash_TN[:, band].tobytes() for band in range(BANDS)]
        return found


def _exact(keys: Any) -> Hashes:
    """A hash of each text without its case and spaces."""
    import numpy as np

    digests = [
        hashlib.blake2b(" ".join(text.lower().split()).encode(), digest_size=8).digest()
        for text in keys.to_pylist()
    ]
    return np.frombuffer(b"".join(digests), np.uint64)


def _join_exact(path: Path, union: Union) -> None:
    for hash_P, number_P in _parts(path):
        for bucket in _buckets(hash_P, number_P):
            union.join_all(bucket)


def _compare(bucket: list[int], union: Union, texts: Texts, number_P: NDArray[np.int32]) -> None:
    before: list[int] = []
    for place in bucket:
        for other in before:
            if union.find(other) == union.find(place):
                continue
            if texts.similarity(int(number_P[other]), int(number_P[place])) >= THRESHOLD:
                union.join(place, other)
        if len(before) < MOST_COMPARED:
            before.append(place)


def _parts(path: Path) -> Iterator[tuple[Hashes, NDArray[np.int32]]]:
    """A band's hashes and places, a share of all hash values at a time."""
    import numpy as np

    total = path.stat().st_size // 8
    num_parts = max(1, -(-total // PART_OF_BAND))
    for part in range(num_parts):
        hashes: list[Hashes] = []
        places: list[NDArray[np.int32]] = []
        for begin in range(0, total, CHUNK):
            chunk = np.fromfile(path, np.uint64, count=CHUNK, offset=begin * 8)
            found = np.flatnonzero(chunk % np.uint64(num_parts) == part)
            hashes.append(chunk[found])
            places.append((found + begin).astype(np.int32))
        if hashes:
            yield np.concatenate(hashes), np.concatenate(places)


def _buckets(hash_P: Hashes, place_P: NDArray[np.int32]) -> Iterator[NDArray[np.int32]]:
    """Places with equal hashes, in ascending order; those that are alone are left out."""
    import numpy as np

    order = np.argsort(hash_P, kind="stable")
    hash_P, place_P = hash_P[order], place_P[order]
    is_new = np.concatenate([[True], hash_P[1:] != hash_P[:-1], [True]])
    edge = np.flatnonzero(is_new)
    for index in np.flatnonzero(np.diff(edge) > 1):
        yield place_P[edge[index] : edge[index + 1]]
