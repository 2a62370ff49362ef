"""Layouts that rows are written in: JSON lines, JSON, csv, tsv, Parquet, Arrow and CoNLL.

A table has one type a column. Lists of texts stay lists in Parquet and Arrow; other lists and
objects become JSON text there, and in csv and tsv every value does, which the readers understand.
"""

from __future__ import annotations

import csv
import itertools
import json
from typing import IO, TYPE_CHECKING, Any, cast

from tuneful.core.errors import DataError
from tuneful.data.arrow import pyarrow
from tuneful.data.formats.base import BadValue
from tuneful.data.readers.conll import DOCUMENT
from tuneful.data.rows import WEIGHT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

Record = dict[str, Any]
ROWS_AT_ONCE = 1000
IN_TSV = "A tsv file cannot hold tabs and line ends in a text; write csv or jsonl"


def layout_of(path: Path) -> str:
    """The layout that a file's ending stands for.

    Raises:
        DataError: It stands for none.
    """
    ending = path.suffix.lower().removeprefix(".")
    if ending in LAYOUTS:
        return ending
    raise DataError(
        f"Rows cannot be written to a file that ends in {path.suffix or 'nothing'!r}.",
        where=str(path),
        fix=f"Give one of {', '.join('.' + name for name in LAYOUTS)}.",
    )


def as_read(layout: str, record: Record) -> Record:
    """A record as it will be read back from a file of the layout.

    Raises:
        BadValue: The layout cannot hold it.
    """
    if layout in {"jsonl", "ndjson", "json"}:
        return record
    if layout in {"parquet", "arrow", "feather"}:
        return {name: _column_value(value) for name, value in record.items()}
    if layout in {"conll", "bio"}:
        return _sentence(record)
    cells = {name: _cell(value) for name, value in record.items()}
    if layout == "tsv":
        for name, cell in cells.items():
            if any(sign in cell for sign in "\t\r\n"):
                raise BadValue(f"The column {name!r} holds a tab or a line end.", IN_TSV)
        if not any(cells.values()):
            raise BadValue("Every column is empty, which a tsv file cannot hold.", IN_TSV)
    return cells


def write(layout: str, records: Iterable[Record], columns: Sequence[str], path: Path) -> None:
    """Write records to a file; a column that a record lacks is empty, a weight 1.

    Args:
        layout: A name in LAYOUTS.
        records: What to write; they are read once.
        columns: Every column of all records, in order.
        path: Where; it is not written in one step.
    """
    if WEIGHT in columns:
        records = ({**record, WEIGHT: record.get(WEIGHT, 1.0)} for record in records)
    LAYOUTS[layout](records, columns, path)


def _cell(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _column_value(value: object) -> object:
    if isinstance(value, list) and all(isinstance(part, str) for part in cast("list[Any]", value)):
        return cast("object", value)
    return _cell(cast("object", value)) if isinstance(value, list | dict) else value


def _sentence(record: Record) -> Record:
    words, tags = record.get("words", []), record.get("tags", [])
    if set(record) - {"words", "tags"} or not words:
        raise BadValue("A CoNLL file holds words and tags alone.", "Write jsonl")
    for text in (*words, *tags):
        if not text or any(sign.isspace() for sign in text) or text.startswith(DOCUMENT):
            raise BadValue(f"A CoNLL file cannot hold the word or tag {text!r}.", "Write jsonl")
    return record


def _write_lines(records: Iterable[Record], columns: Sequence[str], path: Path) -> None:
    del columns
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(line(record) + "\n" for record in records)


def line(record: Mapping[str, Any]) -> str:
    """A record as a line of JSON."""
    return json.dumps(record, ensure_ascii=False)


def _write_array(records: Iterable[Record], columns: Sequence[str], path: Path) -> None:
    del columns
    with path.open("w", encoding="utf-8", newline="\n") as file:
        before = "["
        for record in records:
            file.write(f"{before}\n{line(record)}")
            before = ","
        file.write("\n]\n" if before == "," else "[]\n")


def _write_csv(records: Iterable[Record], columns: Sequence[str], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)  # RFC 4180: quoted where needed, lines end in CR LF
        table.writerow(columns)
        table.writerows([_cell(record.get(name)) for name in columns] for record in records)


def _write_tsv(records: Iterable[Record], columns: Sequence[str], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        _put_line(file, columns)
        for record in records:
            _put_line(file, [_cell(record.get(name)) for name in columns])


def _put_line(file: IO[str], cells: Sequence[str]) -> None:
    file.write("\t".join(cells) + "\n")


def _write_conll(records: Iterable[Record], columns: Sequence[str], path: Path) -> None:
    del columns
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for record in records:
            pairs = zip(record["words"], record["tags"], strict=True)
            file.writelines(f"{word} {tag}\n" for word, tag in pairs)
            file.write("\n")


def _write_parquet(records: Iterable[Record], columns: Sequence[str], path: Path) -> None:
    def writer(schema: Any) -> Any:
        return pyarrow().parquet.ParquetWriter(str(path), schema)

    _write_table(records, columns, writer)


def _write_arrow(records: Iterable[Record], columns: Sequence[str], path: Path) -> None:
    def writer(schema: Any) -> Any:
        return pyarrow().ipc.new_file(str(path), schema)

    _write_table(records, columns, writer)


def _write_table(
    records: Iterable[Record], columns: Sequence[str], writer: Callable[[Any], Any]
) -> None:
    """Types are those of the first rows that have a value; a format writes one type a column."""
    pa = pyarrow()
    rows = iter(records)
    first = list(itertools.islice(rows, ROWS_AT_ONCE))
    schema = pa.schema([(name, _type(name, first)) for name in columns])
    with writer(schema) as file:
        while first:
            values = {name: [_column_value(row.get(name)) for row in first] for name in columns}
            file.write(pa.RecordBatch.from_pydict(values, schema=schema))
            first = list(itertools.islice(rows, ROWS_AT_ONCE))


def _type(name: str, rows: Sequence[Record]) -> Any:
    pa = pyarrow()
    values = [_column_value(row[name]) for row in rows if row.get(name) is not None]
    value = next((value for value in values if value != []), values[0] if values else "")
    if isinstance(value, bool):
        return pa.bool_()
    if isinstance(value, int | float):
        return pa.float64()
    return pa.list_(pa.string()) if isinstance(value, list) else pa.string()


LAYOUTS: Mapping[str, Callable[[Iterable[Record], Sequence[str], Path], None]] = {
    "jsonl": _write_lines,
    "ndjson": _write_lines,
    "json": _write_array,
    "csv": _write_csv,
    "tsv": _write_tsv,
    "parquet": _write_parquet,
    "arrow": _write_arrow,
    "feather": _write_arrow,
    "conll": _write_conll,
    "bio": _write_conll,
}
