"""Readers: one file layout each. To add one: a file here and a line in READERS, by its suffix."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuneful.core.registry import Registry

if TYPE_CHECKING:
    from tuneful.data.readers.base import Reader

READERS: Registry[Reader] = Registry(
    "reader",
    {
        "csv": "tuneful.data.readers.delimited:read_csv",
        "tsv": "tuneful.data.readers.delimited:read_tsv",
        "jsonl": "tuneful.data.readers.json_lines:read_json_lines",
        "ndjson": "tuneful.data.readers.json_lines:read_json_lines",
        "json": "tuneful.data.readers.json_array:read_json",
        "txt": "tuneful.data.readers.plain_text:read_text",
        "conll": "tuneful.data.readers.conll:read_conll",
        "bio": "tuneful.data.readers.conll:read_conll",
        "iob": "tuneful.data.readers.conll:read_conll",
        "arrow": "tuneful.data.readers.arrow_file:read_arrow",
        "feather": "tuneful.data.readers.arrow_file:read_arrow",
        "parquet": "tuneful.data.readers.parquet:read_parquet",
    },
)
