"""Parquet: columns in Arrow's file format, read a thousand rows at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuneful.core.errors import DataError
from tuneful.data.arrow import pyarrow
from tuneful.data.readers.base import opened
from tuneful.data.records import BadRow, Record

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tuneful.data.records import Meter

ROWS_AT_ONCE = 1000


def read_parquet(path: Path, meter: Meter) -> Iterator[Record | BadRow]:
    """Columns of any type; nested ones come as lists and objects."""
    pa = pyarrow()
    row = 0
    with opened(path, meter) as file:
        try:
            for batch in pa.parquet.ParquetFile(file).iter_batches(batch_size=ROWS_AT_ONCE):
                for values in batch.to_pylist():
                    row += 1
                    yield Record(values, path.name, row)
        except (pa.ArrowException, UnicodeDecodeError) as error:
            raise DataError(
                f"The file cannot be read as Parquet: {str(error).splitlines()[0]}",
                where=f"{path}, after row {row:,}" if row else str(path),
                fix="Check that it is Parquet and whole; fetch or write it again.",
            ) from error
