"""What a person is shown of a data set's rows: their lengths, who repeats whom, some of them."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from tuneful.core.chart import Bin
from tuneful.data.arrow import pyarrow, read_batches
from tuneful.data.rows import to_json
from tuneful.data.showing.looking import parts_of
from tuneful.data.strings import arrays_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from tuneful.data.dataset import Dataset

    Numbers = NDArray[np.int64]

MOST_CLUSTERS = 5
MOST_PLACES = 6
EXAMPLES = 8
MOST_BINS = 24
STEPS = (1, 2, 5)
USUAL = 0.99
"""Share of the numbers that a histogram spreads out; the others stand in its last bin."""
BEGINNING = 240
"""Characters of a text whose copies are counted."""
AIMS = ("label", "labels", "rating")


@dataclass(frozen=True)
class Cluster:
    """Rows that are copies of each other, or nearly.

    Attributes:
        size: How many.
        places: The first of them: split, and number in the source.
        text: The beginning of the first one.
    """

    size: int
    places: tuple[tuple[str, int], ...]
    text: str


@dataclass(frozen=True)
class Example:
    """A row as it is shown.

    Attributes:
        aim: What it should be told to be: a class, classes, a number; "" where it is a text itself.
        parts: Its texts by name: text, or who speaks.
    """

    split: str
    source_row: int
    aim: str
    parts: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Seen:
    """What was seen of all rows.

    Attributes:
        length_N: Characters of each row, all its texts together.
        num_clusters: Groups of copies.
        num_repeated: Rows beyond the first of each.
        clusters: The largest of them.
        examples: Training rows, evenly spaced.
    """

    length_N: Numbers
    num_clusters: int
    num_repeated: int
    clusters: tuple[Cluster, ...]
    examples: tuple[Example, ...]

    def to_json(self) -> dict[str, Any]:
        """What a report says of the rows."""
        import numpy as np

        length_N = self.length_N if len(self.length_N) else np.zeros(1, np.int64)
        median, usual = np.quantile(length_N, [0.5, 0.95], method="higher").tolist()
        return {
            "characters_of_rows": {
                "median": int(median),
                "p95": int(usual),
                "longest": int(length_N.max()),
                "all": int(length_N.sum()),
            },
            "clusters": self.num_clusters,
            "repeated": self.num_repeated,
        }


def look_over(data: Dataset) -> Seen:
    """Pass over all rows once; three numbers of each stay in memory."""
    import numpy as np

    lengths: list[Numbers] = []
    groups: list[Numbers] = []
    ends = [0]
    for split in data.splits:
        total = 0
        for batch in read_batches(data.file(split)):
            lengths.append(_lengths(batch, data.row_type))
            # A copy: a view would keep the whole batch, texts and all.
            groups.append(batch.column("group").to_numpy().copy())
            total += batch.num_rows
        ends.append(ends[-1] + total)
    length_N = np.concatenate(lengths) if lengths else np.zeros(0, np.int64)
    group_N = np.concatenate(groups) if groups else np.zeros(0, np.int64)
    group_G, size_G = np.unique(group_N, return_counts=True)
    order = np.argsort(-size_G, kind="stable")[:MOST_CLUSTERS]
    largest = [group_G[at] for at in order if size_G[at] > 1]
    clusters = tuple(_cluster(data, np.flatnonzero(group_N == one), ends) for one in largest)
    num_clusters = int((size_G > 1).sum())
    num_repeated = int((size_G - 1).sum())
    return Seen(length_N, num_clusters, num_repeated, clusters, tuple(_examples(data)))


def _lengths(batch: Any, row_type: str) -> Numbers:
    """Characters of each row of a batch."""
    import numpy as np

    length_N = np.zeros(batch.num_rows, np.int64)
    for texts, row_T in arrays_in(batch, row_type):
        size_T = pyarrow().compute.fill_null(pyarrow().compute.utf8_length(texts), 0)
        np.add.at(length_N, row_T.to_numpy(zero_copy_only=False), size_T.to_numpy())
    return length_N


def _cluster(data: Dataset, number_C: Numbers, ends: Sequence[int]) -> Cluster:
    """The rows with these numbers among all splits' rows."""
    places: list[tuple[str, int]] = []
    text = ""
    for number in map(int, number_C[:MOST_PLACES]):
        at = bisect_right(ends, number) - 1
        split, index = data.splits[at], number - ends[at]
        one = _example(data, split, index)
        places.append((split, one.source_row))
        text = text or " ".join(" ".join(said for _, said in one.parts).split())
    return Cluster(len(number_C), tuple(places), _cut(text))


def _cut(text: str) -> str:
    return text if len(text) <= BEGINNING else f"{text[:BEGINNING]} …"


def _examples(data: Dataset) -> list[Example]:
    split = data.splits[0] if data.splits else ""
    total = data.num_rows(split)
    count = min(EXAMPLES, total)
    return [_example(data, split, number * total // count) for number in range(count)]


def _example(data: Dataset, split: str, index: int) -> Example:
    source_row = int(data.record(split, index)["source_row"])
    values = to_json(data.row(split, index))
    values.pop("weight", None)
    aims = [_aim(values.pop(name)) for name in AIMS if name in values]
    return Example(split, source_row, "; ".join(aims), tuple(parts_of(values)))


def _aim(value: Any) -> str:
    """A class, classes or a number in words."""
    return (
        ", ".join(map(str, cast("list[object]", value))) if isinstance(value, list) else str(value)
    )


def binned(number_N: Numbers) -> list[Bin]:
    """Numbers from 0 up in bins of one round size; the rarest, largest ones in a last bin.

    >>> import numpy as np
    >>> [(one.low, one.high, one.count) for one in binned(np.array([1, 2, 2, 3]))]
    [(1, 2, 1), (2, 3, 2), (3, 4, 1)]
    """
    import numpy as np

    if not len(number_N):
        return []
    low, usual = int(number_N.min()), int(np.quantile(number_N, USUAL, method="higher"))
    sizes = (step * 10**power for power in range(18) for step in STEPS)
    size = next(size for size in sizes if usual // size - low // size < MOST_BINS)
    first, last = low // size, usual // size
    count_B = np.bincount(np.minimum(number_N // size, last + 1) - first).tolist()
    return [
        Bin(at * size, None if at > last else (at + 1) * size, count)
        for at, count in enumerate(count_B, start=first)
    ]
