"""Arrow as the data floor uses it: one seam to a library without types, and rows in and out of it.

Files are read through ordinary reads where all rows pass by, so that memory stays flat, and mapped
into memory where single rows are asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tuneful.data.rows import Chat, Labelled, Message, Row

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

Batch = Any
"""A pyarrow.RecordBatch."""
Array = Any
"""A pyarrow.Array."""

ROWS_OF_BATCH = 1000
BYTES_OF_BATCH = 1 << 22


def pyarrow() -> Any:
    """The library with the parts used here."""
    import pyarrow as pa  # pyright: ignore[reportMissingTypeStubs]
    import pyarrow.compute  # pyright: ignore[reportUnusedImport]
    import pyarrow.ipc  # pyright: ignore[reportUnusedImport]
    import pyarrow.parquet  # pyright: ignore[reportUnusedImport, reportMissingTypeStubs]

    return pa


def schema(row_type: str) -> Any:
    """Columns of a data set's files: the row's own, where it was read, and its group of copies."""
    pa = pyarrow()
    if row_type == "chat":
        turn = pa.struct([("role", pa.string()), ("content", pa.string())])
        own = [("messages", pa.list_(turn))]
    else:
        own = [("text", pa.string()), ("label", pa.string())]
    return pa.schema([*own, ("source_row", pa.int64()), ("group", pa.int64())])


def columns_of(rows: Sequence[Row]) -> dict[str, list[Any]]:
    """Rows of one type as columns."""
    if rows and isinstance(rows[0], Chat):
        return {"messages": [row.to_json()["messages"] for row in rows]}
    return {
        "text": [row.text for row in rows if isinstance(row, Labelled)],
        "label": [row.label for row in rows if isinstance(row, Labelled)],
    }


def row_of(values: Mapping[str, Any]) -> Row:
    """A row from its columns' values."""
    if "messages" in values:
        turns = values["messages"]
        return Chat(tuple(Message(turn["role"], turn["content"]) for turn in turns))
    return Labelled(values["text"], values["label"])


def read_batches(path: Path) -> Iterator[Batch]:
    """The batches of an Arrow file, one in memory at a time."""
    pa = pyarrow()
    with pa.OSFile(str(path)) as file, pa.ipc.open_file(file) as reader:
        for index in range(reader.num_record_batches):
            yield reader.get_batch(index)


class Writer:
    """Writes batches of any size as batches of about a thousand rows or four megabytes."""

    def __init__(self, path: Path, columns: Any, rows_of_batch: int = ROWS_OF_BATCH) -> None:
        pa = pyarrow()
        self._pa, self._schema = pa, columns
        self._file = pa.OSFile(str(path), "wb")
        self._writer = pa.ipc.new_file(self._file, columns)
        self._waiting: list[Batch] = []
        self._rows = self._bytes = self.num_rows = 0
        self._rows_of_batch = rows_of_batch

    def write(self, batch: Batch) -> None:
        """Add a batch."""
        if not batch.num_rows:
            return
        self._waiting.append(batch)
        self.num_rows += batch.num_rows
        self._rows += batch.num_rows
        self._bytes += batch.nbytes
        if self._rows >= self._rows_of_batch or self._bytes >= BYTES_OF_BATCH:
            self._flush()

    def close(self) -> None:
        """Write what is waiting and end the file."""
        self._flush()
        self._writer.close()
        self._file.close()

    def _flush(self) -> None:
        if self._waiting:
            table = self._pa.Table.from_batches(self._waiting, self._schema)
            for batch in table.combine_chunks().to_batches():
                self._writer.write_batch(batch)
        self._waiting, self._rows, self._bytes = [], 0, 0
