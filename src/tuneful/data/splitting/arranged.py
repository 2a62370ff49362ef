"""Splits by what rows hold: by their texts' hashes, by a column's values, or by time.

Shapes: N staged rows.
"""

from __future__ import annotations

import hashlib
import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tuneful.core.errors import RecipeError
from tuneful.data.copies.union import Union
from tuneful.data.formats.base import BadValue
from tuneful.data.reading.filtering import same
from tuneful.data.splitting.divide import TEST, TRAIN, UNUSED, VALIDATION

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    import numpy as np
    from numpy.typing import NDArray

    from tuneful.data.splitting.amounts import Amounts
    from tuneful.data.splitting.divide import Rows
    from tuneful.recipe.data import Data, Split

WHOLE = 1 << 64


def content_hash(text: str) -> int:
    """64 bits of a text without its case and spaces: copies but for those have the same.

    >>> content_hash("A  film") == content_hash("a film")
    True
    """
    plain = " ".join(text.lower().split()).encode()
    return int.from_bytes(hashlib.blake2b(plain, digest_size=8).digest(), "little")


def marked(split: Split, values: Mapping[str, Any], key: str, *, is_test: bool) -> float | None:
    """What a row is divided by: its time, a hash of its group, or a hash of its text.

    Args:
        split: The recipe's section.
        values: The row as its source has it.
        key: Its text.
        is_test: Whether it is the test source's, whose time nobody asks for.

    Returns:
        Seconds, or 64 bits; None where rows are divided by neither.

    Raises:
        BadValue: The column is not there, has no value, or no time.
    """
    name = split.time or split.group
    if name is None:
        return content_hash(key) if split.stable else None
    if split.time and is_test:
        return 0
    setting = "data.split.time" if split.time else "data.split.group"
    if name not in values:
        known = ", ".join(map(repr, values))
        raise BadValue(f"{setting} names {name!r}; no such column.", f"The columns are {known}")
    value = values[name]
    if value is None or same(value) in {"", "nan"}:
        raise BadValue(f"The column {name!r} of {setting} has no value here.", "Fill it")
    return moment(value) if split.time else content_hash(same(value))


def moment(value: Any) -> float:
    """A time as seconds since 1970: a number as it is, a date, or ISO 8601 text.

    Times without a zone are taken as UTC.

    >>> moment("1970-01-02")
    86400.0

    Raises:
        BadValue: It is none of these.
    """
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
    text = str(value).strip()
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if math.isfinite(number):
        return number
    try:
        return moment(datetime.fromisoformat(text))
    except ValueError:
        raise BadValue(
            f"{text!r} in the column of data.split.time is no time.",
            "Write a number or ISO 8601: 2026-01-31 or 2026-01-31T12:00:00Z",
        ) from None


def by_content(rows: Rows, hash_N: NDArray[np.uint64], data: Data, seed: int) -> NDArray[np.int8]:
    """Give each row its split by its hash alone: other rows, added or removed, never move it.

    A share of the hashes' range goes to test, the next to validation, the rest to train. Numbers of
    rows (data.take) keep the lowest hashes of a split, so that a row may be left out later on but
    never stands on another side.

    Args:
        rows: What is divided.
        hash_N: Of each row's text, or of its group's value.
        data: The recipe's section; its split holds shares.
        seed: Another one gives another division.

    Raises:
        RecipeError: The recipe asks for numbers of rows in data.split.
    """
    import numpy as np

    split = data.split
    for name, amount in (("validation", split.validation), ("test", split.test)):
        if amount >= 1:
            raise RecipeError(
                f"data.split.{name} is a number of rows; a split by content has shares.",
                where=f"data.split.{name}: {amount:g}",
                fix=f"Write a share below 1, and data.take.{name} for a number of rows.",
            )
    place_N = _mixed(hash_N, seed)
    test_share = 0.0 if rows.has_test_source else split.test
    split_N = np.full(len(hash_N), TRAIN, np.int8)
    split_N[place_N < np.uint64((test_share + split.validation) * (WHOLE - 1))] = VALIDATION
    split_N[place_N < np.uint64(test_share * (WHOLE - 1))] = TEST
    split_N[rows.num_main :] = TEST
    take = data.take
    for number, most in ((TRAIN, take.train), (VALIDATION, take.validation), (TEST, take.test)):
        found = np.flatnonzero(split_N == number)
        if most is not None and len(found) > most:
            # A second draw: the lowest places of train begin where validation's end.
            order = np.argsort(_mixed(hash_N[found], seed + 1), kind="stable")
            split_N[found[order[most:]]] = UNUSED
    return split_N


def by_time(rows: Rows, time_N: NDArray[np.float64], amounts: Amounts) -> NDArray[np.int8]:
    """The oldest rows to train, later ones to validation, the newest to test.

    Rows of one moment keep their order. Where fewer rows are trained on than there are, the newest
    of those before validation are.
    """
    import numpy as np

    order = np.argsort(time_N[: rows.num_main], kind="stable")[::-1]
    num_test = 0 if rows.has_test_source else amounts.test
    split_N = np.zeros(len(time_N), np.int8)
    begin = 0
    for number, count in (
        (TEST, num_test),
        (VALIDATION, amounts.validation),
        (TRAIN, amounts.train),
    ):
        split_N[order[begin : begin + count]] = number
        begin += count
    if rows.has_test_source:
        split_N[rows.num_main : rows.num_main + amounts.test] = TEST
    return split_N


def leave_out_copies(split_N: NDArray[np.int8], group_N: NDArray[np.int32]) -> NDArray[np.int8]:
    """Leave out what has a copy in a split that is measured: of train, and validation's of test."""
    import numpy as np

    kept_N = split_N.copy()
    for measured, others in ((TEST, (TRAIN, VALIDATION)), (VALIDATION, (TRAIN,))):
        is_there_N = np.zeros(len(split_N), np.bool_)
        is_there_N[group_N[kept_N == measured]] = True
        for other in others:
            kept_N[(kept_N == other) & is_there_N[group_N]] = UNUSED
    return kept_N


def joined(
    group_N: NDArray[np.int32], mark_N: NDArray[np.uint64], used_N: NDArray[np.bool_]
) -> NDArray[np.int32]:
    """Groups of copies, joined where used rows of two of them have the same mark.

    Returns:
        For each row the number of the first row of its group.
    """
    import numpy as np

    union = Union(len(group_N))
    for row in np.flatnonzero(group_N != np.arange(len(group_N))).tolist():
        union.join(row, int(group_N[row]))
    used = np.flatnonzero(used_N)
    _, first, which = np.unique(mark_N[used], return_index=True, return_inverse=True)
    for row, other in zip(used.tolist(), used[first[which]].tolist(), strict=True):
        union.join(row, other)
    return union.roots()


def _mixed(hash_N: NDArray[np.uint64], seed: int) -> NDArray[np.uint64]:
    """Other 64 bits for another seed (SplitMix64's finalizer, Steele et al. 2014)."""
    import numpy as np

    with np.errstate(over="ignore"):
        mixed = hash_N + np.uint64((seed * 0x9E3779B97F4A7C15) % WHOLE)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
