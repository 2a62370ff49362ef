"""Arrow and Feather: columns in Arrow's own file or stream format, read a batch at a time.

A batch is unpacked whole. Each of its buffers says first how many bytes it unpacks to (Arrow's
Message.fbs, BodyCompression), so that a bomb is known before that.
"""

from __future__ import annotations

import struct
from typing import IO, TYPE_CHECKING, Any

from tuneful.core.errors import DataError
from tuneful.data.arrow import pyarrow
from tuneful.data.readers.base import MOST_TIMES, MOST_UNPACKED, bomb, opened, records_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tuneful.data.reading.records import BadRow, Meter, Record

FILE = b"ARROW1"
FEATHER_1 = b"FEA1"
START_OF_STREAM = 8
"""Bytes of a file before the stream in it."""
HEADER, DATA, BUFFERS, COMPRESSION = 2, 1, 2, 3
"""Fields of Message, DictionaryBatch and RecordBatch in Message.fbs, by their number."""


def read_arrow(path: Path, meter: Meter) -> Iterator[Record | BadRow]:
    """An IPC file (also called Feather 2) or an IPC stream, as `datasets` writes them."""
    with opened(path, meter) as file:
        yield from records_of(_batches(file, path), path, "Arrow")


def _batches(file: IO[bytes], path: Path) -> Iterator[Any]:
    _refuse_bomb(file, path)
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


def _refuse_bomb(file: IO[bytes], path: Path) -> None:
    """Look at what every batch says that it unpacks to; the file is at its start again then."""
    pa, most = pyarrow(), max(MOST_UNPACKED, MOST_TIMES * path.stat().st_size)
    file.seek(START_OF_STREAM if file.read(len(FILE)) == FILE else 0)
    try:
        messages = pa.ipc.MessageReader.open_stream(file)
        while True:
            message = messages.read_next_message()
            size = _unpacked(message)
            if size is None:
                break  # batches that are not packed are as large as they stand there
            if size > most:
                raise bomb(size, path)
    except (StopIteration, pa.ArrowException, OSError, struct.error):
        pass  # the end; what is broken is said when it is read
    file.seek(0)


def _unpacked(message: Any) -> int | None:
    """Bytes that a batch's buffers unpack to; None where it is not packed, 0 for a schema."""
    if message.type not in {"record batch", "dictionary"}:
        return 0
    meta, body = message.metadata.to_pybytes(), message.body
    at = _field(meta, _target(meta, 0), HEADER)
    table = _target(meta, at)
    if message.type == "dictionary":
        table = _target(meta, _field(meta, table, DATA))
    if not _field(meta, table, COMPRESSION):
        return None
    listed = _target(meta, _field(meta, table, BUFFERS))
    (count,) = struct.unpack_from("<I", meta, listed)
    total = 0
    for number in range(count):
        begin, length = struct.unpack_from("<qq", meta, listed + 4 + 16 * number)
        if length >= 8:
            total += max(0, struct.unpack("<q", body.slice(begin, 8).to_pybytes())[0])
    return total


def _target(meta: bytes, at: int) -> int:
    """Where an offset of a flatbuffer leads."""
    return at + struct.unpack_from("<I", meta, at)[0]


def _field(meta: bytes, table: int, number: int) -> int:
    """Where a field of a flatbuffer's table stands; 0 where it is left out."""
    fields = table - struct.unpack_from("<i", meta, table)[0]
    (size,) = struct.unpack_from("<H", meta, fields)
    place = 4 + 2 * number
    offset = struct.unpack_from("<H", meta, fields + place)[0] if place < size else 0
    return table + offset if offset else 0
