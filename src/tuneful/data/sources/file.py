"""One file of rows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tuneful.data.reading.records import Meter, Source
from tuneful.data.sources.base import check_readable, describe_files, reader_of, short_name

if TYPE_CHECKING:
    from tuneful.core.events import Listener


def open_file(reference: str, listener: Listener) -> Source:
    """A csv, tsv, jsonl, ndjson, json or parquet file; .gz, .bz2 and .xz are unpacked."""
    del listener
    path = Path(reference).expanduser()
    check_readable(path)
    meter = Meter()
    read = reader_of([path], meter)
    return Source(
        name=short_name(path.name),
        reference=reference,
        files=describe_files([path]),
        read=read,
        meter=meter,
    )
