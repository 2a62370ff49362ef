"""Sources: where rows come from. To add one: a file here and a line in SOURCES.

A reference is "kind:rest", or a path, which is a file or a folder.
"""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from tuneful.core.errors import DataError
from tuneful.core.registry import Registry

if TYPE_CHECKING:
    from tuneful.core.events import Listener
    from tuneful.data.reading.records import Source
    from tuneful.data.sources.base import OpenSource

SOURCES: Registry[OpenSource] = Registry(
    "source",
    {
        "file": "tuneful.data.sources.file:open_file",
        "folder": "tuneful.data.sources.folder:open_folder",
        "hub": "tuneful.data.sources.hub:open_hub",
        "package": "tuneful.data.sources.package:open_package",
        "sql": "tuneful.data.sources.sql:open_sql",
    },
)


def open_source(reference: str, listener: Listener, query: str = "") -> Source:
    """Find what a recipe calls a source; nothing is read but what hashing needs.

    Args:
        reference: "kind:rest", or a path.
        listener: Hears of progress.
        query: Of a database (data.query); "" where the reference holds it, or needs none.

    Raises:
        DataError: Nothing is there, or not what can be read.
        UnknownName: There is no such kind of source, or no such package.
    """
    kind, colon, rest = reference.partition(":")
    if query and kind != "sql":
        raise DataError(
            f"There is a query, but {reference} is no database.",
            where="data.query",
            fix="Remove it, or give a source that begins with sql:.",
        )
    if kind == "sql":
        return SOURCES["sql"](f"{reference}#{query}" if query else reference, listener)
    path = Path(reference).expanduser()
    if path.is_dir():
        return SOURCES["folder"](reference, listener)
    if path.exists() or not colon or "/" in kind or "\\" in kind:
        if not path.exists():
            raise _missing(path)
        return SOURCES["file"](reference, listener)
    if kind in {"file", "folder"}:
        return SOURCES[kind](rest, listener)
    return SOURCES[kind](reference, listener)


def _missing(path: Path) -> DataError:
    there = sorted(item.name for item in path.parent.glob("*")) if path.parent.is_dir() else []
    close = get_close_matches(path.name, there, n=1)
    if close:
        fix = f"Did you mean {path.with_name(close[0])}?"
    elif path.parent.is_dir():
        fix = "Check the name; a source is a file, a folder, hub:owner/name, package:name or "
        "sql:address."
    else:
        fix = f"The folder {path.parent} is missing as well; paths count from the current folder."
    return DataError(f"There is no file {str(path)!r}.", where="data.source", fix=fix)
