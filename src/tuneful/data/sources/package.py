"""Tables inside pinned packages of the package index (core.assets)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuneful.core.assets import asset, fetch_package
from tuneful.core.errors import DataError
from tuneful.data.collections.bfcl import NOTES as BFCL_NOTES
from tuneful.data.collections.bfcl import read_bfcl
from tuneful.data.collections.vader import (
    HELD_OUT_NOTES,
    RANKED_NOTES,
    RATED_NOTES,
    TAUGHT_NOTES,
    read_held_out_fours,
    read_held_out_pairs,
    read_ranked_vader,
    read_rated_vader,
    read_taught_vader,
    read_vader,
)
from tuneful.data.collections.vader import NOTES as VADER_NOTES
from tuneful.data.reading.records import BadRow, Meter, Record, Source
from tuneful.data.sources.base import describe_files, read_files, short_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from tuneful.core.events import Listener


def open_package(reference: str, listener: Listener) -> Source:
    """package:name, or package:name/table where it holds several tables."""
    name, _, table_name = reference.removeprefix("package:").partition("/")
    known = asset(name)
    if not known.tables:
        raise DataError(
            f"The package {known.name} carries no rows: {known.summary}",
            where=reference,
            fix=f"As a model it is package:{known.name}.",
        )
    if not table_name and len(known.tables) == 1:
        table_name = next(iter(known.tables))
    table = known.tables.get(table_name)
    if table is None:
        found = f"no table called {table_name!r}" if table_name else "several tables"
        choices = ", ".join(f"package:{known.name}/{name}" for name in known.tables)
        raise DataError(
            f"The package {known.name} has {found}.", where=reference, fix=f"Give {choices}."
        )
    root = fetch_package(known.name, listener)
    paths, meter = [path for part in table.paths for path in sorted(root.glob(part))], Meter()
    several = len(known.tables) > 1
    return Source(
        name=short_name(f"{known.name}-{table_name}" if several else known.name),
        reference=reference,
        files=describe_files(paths, root),
        read=lambda: READERS[table.layout](paths, meter),
        licence=known.licence,
        notes=(known.source, *NOTES.get(table.layout, ())),
        meter=meter,
    )


READERS: Mapping[str, Callable[[Sequence[Path], Meter], Iterator[Record | BadRow]]] = {
    "file": read_files,
    "vader": read_vader,
    "vader_ranked": read_ranked_vader,
    "vader_rated": read_rated_vader,
    "vader_taught": read_taught_vader,
    "vader_pairs": read_held_out_pairs,
    "vader_fours": read_held_out_fours,
    "bfcl": read_bfcl,
}
"""How a table is written, and what reads it."""
NOTES: Mapping[str, Sequence[str]] = {
    "vader": VADER_NOTES,
    "vader_ranked": RANKED_NOTES,
    "vader_rated": RATED_NOTES,
    "vader_taught": TAUGHT_NOTES,
    "vader_pairs": HELD_OUT_NOTES,
    "vader_fours": HELD_OUT_NOTES,
    "bfcl": BFCL_NOTES,
}
