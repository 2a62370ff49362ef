"""Arrow and Feather: columns in Arrow's own file or stream format, read a batch at a time."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

from tuneful.core.errors import DataError
from tuneful.data.arrow import pyarrow
from tuneful.data.readers.base import MOST_COLUMNS, opened, too_wide
from tuneful.data.reading.records import BadRow, Record

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tuneful.data.reading.records import Meter

FILE = b"ARROW1"
FEATHER_1 = b"FEA1"
ROWS_AT_ONCE = 1000


def read_arrow(path: Path, meter: Meter) -> Iterator[Record | BadRow]:
    """An IPC file (also called Feather 2) or an IPC stream, as `datasets` writes them."""
    pa, row = pyarrow(), 0
    with opened(path, meter) as file:
        try:
            for batch in _batches(file, path):
                if batch.num_columns > MOST_COLUMNS:
                    raise too_wide(batch.num_columns, path)
                for begin in range(0, batch.num_rows, ROWS_AT_ONCE):
                    for values in batch.slice(begin, ROWS_AT_ONCE).to_pylist():
                        row += 1
                        yield Record(values, path.name, row)
        except (pa.ArrowException, UnicodeDecodeError) as error:
            raise DataError(
                f"The file cannot be read as Arrow: {str(error).splitlines()[0]}",
                where=f"{path}, after row {row:,}" if row else str(path),
                fix="Check that it is Arrow and whole; fetch or write it again.",
            ) from error


def _batches(file: IO[bytes], path: Path) -> Iterator[Any]:
    pa = pyarrow()
    start = file.read(len(FILE))
    if start.startswith(FEATHER_1):
        raise DataError(
            "The file is Feather 1, which is not read.",
            where=str(path),
            fix="Write it as Feather 2 or Parquet: pandas.read_feather(…).to_parquet(…)",
        )
    file.seek(0)
    if start == FILE:
        with pa.ipc.open_file(file) as reader:
            for index in range(reader.num_record_batches):
                yield reader.get_batch(index)
        return
    with pa.ipc.open_stream(file) as reader:
        yield from reader
