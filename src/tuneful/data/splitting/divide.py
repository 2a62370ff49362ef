"""Which row goes to which split: seeded, the classes' shares kept, copies on one side.

Shapes: N staged rows; U units, that is rows or groups of copies.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.random import Generator
    from numpy.typing import NDArray

    from tuneful.data.splitting.amounts import Amounts

UNUSED, TRAIN, VALIDATION, TEST = 0, 1, 2, 3
PART = 1 << 16
"""Rows of which the chosen ones are counted at once."""
NUMBERS = {"train": TRAIN, "validation": VALIDATION, "test": TEST}


@dataclass(frozen=True)
class Rows:
    """What a division is made from.

    Attributes:
        label_N: Number of each row's class.
        num_main: Rows of the source; those after it are the test source's.
        is_labelled: Whether the classes' shares are to be kept.
    """

    label_N: NDArray[np.int32]
    num_main: int
    is_labelled: bool

    @property
    def has_test_source(self) -> bool:
        """Whether the test rows are given."""
        return len(self.label_N) > self.num_main


def generator(seed: int) -> Generator:
    """Random numbers for a division, the same everywhere for a seed."""
    import numpy as np

    return np.random.Generator(np.random.PCG64([seed, 0x5911]))


def in_order(rows: Rows, amounts: Amounts) -> NDArray[np.int8]:
    """Train, then validation, then test, as the rows stand."""
    import numpy as np

    split_N = np.zeros(len(rows.label_N), np.int8)
    end = amounts.train + amounts.validation
    split_N[: amounts.train] = TRAIN
    split_N[amounts.train : end] = VALIDATION
    begin = rows.num_main if rows.has_test_source else end
    split_N[begin : begin + amounts.test] = TEST
    return split_N


def choose(rows: Rows, amounts: Amounts, draw: Generator) -> NDArray[np.bool_]:
    """The rows that are used at all, at random with the classes' shares kept."""
    import numpy as np

    used_N = np.zeros(len(rows.label_N), np.bool_)
    from_main = amounts.total - (amounts.test if rows.has_test_source else 0)
    parts = [(0, rows.num_main, from_main)]
    if rows.has_test_source:
        parts.append((rows.num_main, len(rows.label_N), amounts.test))
    for begin, end, count in parts:
        if count >= end - begin:
            used_N[begin:end] = True
            continue
        labels = rows.label_N[begin:end]
        for label, wanted in enumerate(shares(np.bincount(labels), count)):
            found = _numbers(labels == label)
            draw.shuffle(found)
            used_N[found[:wanted] + begin] = True
    return used_N


def divide(
    rows: Rows,
    used_N: NDArray[np.bool_],
    group_N: NDArray[np.int32],
    amounts: Amounts,
    draw: Generator,
) -> NDArray[np.int8]:
    """Give whole groups to test, then to validation, and what is left to train.

    Rows of the source that are copies of the test source's rows are left out.
    """
    import numpy as np

    split_N = np.zeros(len(used_N), np.int8)
    split_N[used_N] = TRAIN
    if rows.has_test_source:
        is_test_N = np.zeros(len(used_N), np.bool_)
        is_test_N[group_N[rows.num_main :][used_N[rows.num_main :]]] = True
        split_N[is_test_N[group_N] & used_N] = UNUSED
        split_N[rows.num_main :][used_N[rows.num_main :]] = TEST
    wanted = {VALIDATION: amounts.validation}
    if not rows.has_test_source:
        wanted = {TEST: amounts.test} | wanted
    _hand_out(split_N, rows.label_N, group_N, wanted, draw)
    _trim(split_N, rows.label_N, amounts.asked.get("train"), draw)
    return split_N


def shares(
    count_C: NDArray[np.int64], total: int, left_C: NDArray[np.int64] | None = None
) -> list[int]:
    """Divide `total` by the counts' shares, the largest remainders rounded up.

    Of equal remainders those of which most is left come first: classes of two rows would else give
    the same one to validation and to test.

    >>> import numpy
    >>> shares(numpy.array([70, 20, 10]), 15)
    [11, 3, 1]
    """
    import numpy as np

    exact_C = count_C * (total / max(1, int(count_C.sum())))
    given_C = np.floor(exact_C).astype(np.int64)
    left_C = np.zeros_like(count_C) if left_C is None else left_C
    order = np.lexsort((-left_C, given_C - exact_C))
    given_C[order[: total - int(given_C.sum())]] += 1
    return given_C.tolist()


def _hand_out(
    split_N: NDArray[np.int8],
    label_N: NDArray[np.int32],
    group_N: NDArray[np.int32],
    wanted: dict[int, int],
    draw: Generator,
) -> None:
    """Move groups from train to other splits. A class's last group stays in train."""
    import numpy as np

    is_free_N = split_N == TRAIN
    size_N = np.zeros(len(split_N), np.int32)  # bincount would make eight bytes a row of it
    np.add.at(size_N, group_N[is_free_N], 1)
    first = _numbers(is_free_N & (size_N > 0))
    unit_split_N = np.full(len(split_N), TRAIN, np.int8)
    count_C = np.zeros(1 + int(label_N.max(initial=0)), np.int64)
    np.add.at(count_C, label_N[is_free_N], 1)
    quotas: dict[int, list[int]] = {}
    left_C = count_C.copy()
    for split, count in wanted.items():
        quotas[split] = shares(count_C, count, left_C)
        left_C -= np.array(quotas[split], np.int64)
    for label in range(len(count_C)):
        units = first[label_N[first] == label]
        draw.shuffle(units)
        units = units[:-1]
        for split, quota in quotas.items():
            taken = _fill(size_N[units], quota[label])
            unit_split_N[units[taken]] = split
            units = units[~taken]
    moved_N = is_free_N.copy()
    moved_N[is_free_N] = size_N[group_N[is_free_N]] > 0
    split_N[moved_N] = unit_split_N[group_N[moved_N]]


def _numbers(is_chosen_N: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Which rows are chosen, in four bytes each: flatnonzero's eight are made for a part alone."""
    import numpy as np

    parts = [
        (np.flatnonzero(is_chosen_N[at : at + PART]) + at).astype(np.int32)
        for at in range(0, len(is_chosen_N), PART)
    ]
    return np.concatenate(parts) if parts else np.zeros(0, np.int32)


def _fill(size_U: NDArray[np.int32], quota: int) -> NDArray[np.bool_]:
    """Which units fill a quota of rows: the first ones that still fit."""
    import numpy as np

    taken_U = np.zeros(len(size_U), np.bool_)
    while True:
        open_U = np.flatnonzero(~taken_U & (size_U <= quota))
        fits = open_U[np.cumsum(size_U[open_U]) <= quota]
        if not len(fits):
            return taken_U
        taken_U[fits] = True
        quota -= int(size_U[fits].sum())


def _trim(
    split_N: NDArray[np.int8], label_N: NDArray[np.int32], asked: int | None, draw: Generator
) -> None:
    """Leave out rows of train above the number asked for, a class's last one at the very end."""
    import numpy as np

    train = _numbers(split_N == TRAIN)
    if asked is None or len(train) <= asked:
        return
    draw.shuffle(train)
    is_first = np.zeros(len(train), np.bool_)
    is_first[np.unique(label_N[train], return_index=True)[1]] = True
    kept_first = np.concatenate([train[is_first], train[~is_first]])
    split_N[kept_first[asked:]] = UNUSED
