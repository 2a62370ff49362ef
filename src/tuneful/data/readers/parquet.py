"""Parquet: columns on disk, read a thousand rows at a time or fewer.

What a small file can become is known before it is read: the size of its columns when they are
unpacked, and of a column that holds each value once (a dictionary) the longest of these.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

from tuneful.data.arrow import pyarrow
from tuneful.data.readers.base import (
    MOST_COLUMNS,
    MOST_TIMES,
    MOST_UNPACKED,
    ROWS_AT_ONCE,
    bomb,
    opened,
    records_of,
    too_wide,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tuneful.data.reading.records import BadRow, Meter, Record

BYTES_AT_ONCE = 1 << 26
"""As columns: fewer rows are read at once where they are long."""


def read_parquet(path: Path, meter: Meter) -> Iterator[Record | BadRow]:
    """Columns of any type; nested ones come as lists and objects."""
    with opened(path, meter) as file:
        yield from records_of(_batches(file, path), path, "Parquet")


def _batches(file: IO[bytes], path: Path) -> Iterator[Any]:
    table = pyarrow().parquet.ParquetFile(file)
    width = len(table.schema_arrow.names)
    if width > MOST_COLUMNS:
        raise too_wide(width, path)
    _refuse_bomb(table.metadata, path)
    for group in range(table.metadata.num_row_groups):
        count = _rows_at_once(file, table, group)
        yield from table.iter_batches(batch_size=count, row_groups=[group])


def _refuse_bomb(metadata: Any, path: Path) -> None:
    """A group of rows is unpacked column by column, so its size is what counts."""
    sizes = [metadata.row_group(index).total_byte_size for index in range(metadata.num_row_groups)]
    largest = max(sizes, default=0)
    if largest > max(MOST_UNPACKED, MOST_TIMES * path.stat().st_size):
        raise bomb(largest, path)


def _rows_at_once(file: IO[bytes], table: Any, index: int) -> int:
    group = table.metadata.row_group(index)
    mean = group.total_byte_size / max(1, group.num_rows)
    longest = max(mean, _longest_repeated(file, table, index))
    return max(1, min(ROWS_AT_ONCE, int(BYTES_AT_ONCE // max(1, longest))))


def _longest_repeated(file: IO[bytes], table: Any, index: int) -> int:
    """Bytes of the longest text that a column's dictionary holds once for many rows."""
    pa = pyarrow()
    group = table.metadata.row_group(index)
    chunks = [group.column(at) for at in range(group.num_columns)]
    names = [
        chunk.path_in_schema
        for chunk in chunks
        if chunk.physical_type == "BYTE_ARRAY" and chunk.has_dictionary_page
    ]
    flat = [name for name in names if name in table.schema_arrow.names]
    if not flat:
        return 0
    reader = pa.parquet.ParquetFile(file, read_dictionary=flat)
    batch = next(reader.iter_batches(batch_size=1, row_groups=[index], columns=flat), None)
    if batch is None:
        return 0
    lengths = (pa.compute.binary_length(column.dictionary) for column in batch.columns)
    return max((pa.compute.max(length).as_py() or 0 for length in lengths), default=0)
