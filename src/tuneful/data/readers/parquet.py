"""Parquet: columns on disk, read a thousand rows at a time or fewer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tuneful.core.errors import DataError
from tuneful.data.arrow import pyarrow
from tuneful.data.readers.base import MOST_COLUMNS, opened, too_wide
from tuneful.data.reading.records import BadRow, Record

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tuneful.data.reading.records import Meter

ROWS_AT_ONCE = 1000
BYTES_AT_ONCE = 1 << 26
"""As columns: fewer rows are read at once where they are long."""


def read_parquet(path: Path, meter: Meter) -> Iterator[Record | BadRow]:
    """Columns of any type; nested ones come as lists and objects."""
    pa = pyarrow()
    row = 0
    with opened(path, meter) as file:
        try:
            table = pa.parquet.ParquetFile(file)
            if len(table.schema_arrow.names) > MOST_COLUMNS:
                raise too_wide(len(table.schema_arrow.names), path)
            for batch in table.iter_batches(batch_size=_rows_at_once(table.metadata)):
                for values in batch.to_pylist():
                    row += 1
                    yield Record(values, path.name, row)
        except (pa.ArrowException, UnicodeDecodeError) as error:
            raise DataError(
                f"The file cannot be read as Parquet: {str(error).splitlines()[0]}",
                where=f"{path}, after row {row:,}" if row else str(path),
                fix="Check that it is Parquet and whole; fetch or write it again.",
            ) from error


def _rows_at_once(metadata: Any) -> int:
    groups = [metadata.row_group(index) for index in range(metadata.num_row_groups)]
    longest = max((group.total_byte_size / max(1, group.num_rows) for group in groups), default=0)
    return max(1, min(ROWS_AT_ONCE, int(BYTES_AT_ONCE // max(1, longest))))
