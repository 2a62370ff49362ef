"""Arrow as the data floor uses it: one seam to a library without types, and rows in and out of it.

Files are read through ordinary reads where all rows pass by, so that memory stays flat, and mapped
into memory where single rows are asked for.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tuneful.data.message import Message, ToolCall
from tuneful.data.rows import ROWS, Row

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

Batch = Any
"""A pyarrow.RecordBatch."""
Array = Any
"""A pyarrow.Array."""

TURN = ("role", "content", "tool_calls", "name", "call_id")
"""A turn's texts; its weight is a number."""
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
    own = [(name, _types()[column]) for name, column in ROWS[row_type].columns.items()]
    return pa.schema([*own, ("source_row", pa.int64()), ("group", pa.int64())])


def _types() -> dict[str, Any]:
    pa = pyarrow()
    texts = [(name, pa.string()) for name in TURN]
    turn = pa.struct([*texts, ("weight", pa.float64())])
    return {
        "text": pa.string(),
        "texts": pa.list_(pa.string()),
        "number": pa.float64(),
        "numbers": pa.list_(pa.float64()),
        "flag": pa.bool_(),
        "turns": pa.list_(turn),
        "json": pa.string(),
    }


def columns_of(rows: Sequence[Row]) -> dict[str, list[Any]]:
    """Rows of one type as columns."""
    return {
        name: [_to_disk(column, getattr(row, name)) for row in rows]
        for name, column in (rows[0].columns.items() if rows else ())
    }


def row_of(values: Mapping[str, Any], row_type: str) -> Row:
    """A row from its columns' values."""
    kind = ROWS[row_type]
    fields = {name: _from_disk(column, values[name]) for name, column in kind.columns.items()}
    return kind(**fields)


def _to_disk(column: str, value: Any) -> Any:
    if column == "turns":
        return [_turn_to_disk(turn) for turn in value]
    if column == "json":
        return json.dumps(value, ensure_ascii=False)
    return list(value) if column in {"texts", "numbers"} else value


def _turn_to_disk(turn: Message) -> dict[str, Any]:
    calls = [[call.name, call.arguments, call.id] for call in turn.tool_calls]
    return {
        "role": turn.role,
        "content": turn.content,
        "tool_calls": json.dumps(calls, ensure_ascii=False) if calls else None,
        "name": turn.name or None,
        "call_id": turn.call_id or None,
        "weight": turn.weight,
    }


def _from_disk(column: str, value: Any) -> Any:
    if column == "turns":
        return tuple(_turn_from_disk(turn) for turn in value)
    if column == "json":
        return tuple(json.loads(value))
    return tuple(value) if column in {"texts", "numbers"} else value


def _turn_from_disk(turn: Mapping[str, Any]) -> Message:
    calls = turn["tool_calls"]
    return Message(
        turn["role"],
        turn["content"],
        tuple(ToolCall(*call) for call in json.loads(calls)) if calls else (),
        turn["name"] or "",
        turn["call_id"] or "",
        turn["weight"],
    )


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
