"""Rows that a query gives: SQLite by Python's own library, other databases by SQLAlchemy.

The rows' hash is taken by running the query once before they are read, so that the data set's name
changes with its rows. The database is opened for reading only.
"""

from __future__ import annotations

import hashlib
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from tuneful.core.errors import DataError
from tuneful.data.reading.records import Record, Source, SourceFile
from tuneful.data.sources.base import short_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tuneful.core.events import Listener

SQLITE = "sqlite:///"
PASSWORD = re.compile(r"://[^/@:]*:[^/@]+@")
SHAPE = (
    "Write sql:sqlite:///file.db (four slashes before a path from the root), and set data.query."
)


def open_sql(reference: str, listener: Listener) -> Source:
    """sql:sqlite:///file.db#SELECT …; data.query may hold the query instead.

    Other databases go by SQLAlchemy's addresses, sql:postgresql+psycopg://user@host/name, with
    SQLAlchemy and the database's driver installed (`pip install tuneful[sql]`).

    Raises:
        DataError: There is no query, the database cannot be opened, or it refuses the query.
    """
    del listener
    address, _, query = reference.removeprefix("sql:").partition("#")
    if "://" not in address:
        raise DataError(f"{address!r} is no database's address.", where="data.source", fix=SHAPE)
    if PASSWORD.search(address):
        raise DataError(
            "The address holds a password, which would stand in recipes, manifests and cards.",
            where="data.source",
            fix="Leave it out; drivers read it from files of their own, such as ~/.pgpass.",
        )
    if not query.strip():
        raise DataError(
            "The source is a database, but there is no query.",
            where="data.query",
            fix="Write one: --set 'data.query=SELECT text, label FROM reviews ORDER BY id'",
        )
    seen = _Seen(query)
    for names, values in _rows(address, query):
        seen.add(names, values)
    last = address.rpartition("/")[2].partition("?")[0]
    return Source(
        name=short_name(last),
        reference=reference,
        files=(SourceFile(f"{last}: {query.strip()}", seen.sha256),),
        read=lambda: _read(address, query, last, seen.sha256),
    )


class _Seen:
    """A hash of rows and of the names of their columns."""

    def __init__(self, query: str) -> None:
        self._hash, self._names = hashlib.sha256(query.encode()), ()

    @property
    def sha256(self) -> str:
        """Of what was added."""
        return self._hash.hexdigest()

    def add(self, names: Sequence[str], values: Sequence[object]) -> None:
        """Count a row in."""
        if names != self._names:
            self._names = names
            self._hash.update(repr(names).encode())
        self._hash.update(repr(values).encode())


def _read(address: str, query: str, name: str, sha256: str) -> Iterator[Record]:
    seen = _Seen(query)
    for row, (names, values) in enumerate(_rows(address, query), start=1):
        seen.add(names, values)
        yield Record(dict(zip(names, values, strict=True)), name, row)
    if seen.sha256 != sha256:
        raise DataError(
            "The query gave other rows, or another order, than when they were hashed.",
            where=name,
            fix="Add ORDER BY; run it again when nothing writes to the database.",
        )


def _rows(address: str, query: str) -> Iterator[tuple[Sequence[str], Sequence[object]]]:
    """Each row, beside the names of its columns."""
    rows = _sqlite(address, query) if address.startswith(SQLITE) else _alchemy(address, query)
    names: Sequence[str] = ()
    for number, (found, values) in enumerate(rows):
        if not number:
            names = found
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise DataError(
                    f"The query gives a column twice: {', '.join(map(repr, twice))}.",
                    where="data.query",
                    fix="Give each a name of its own: SELECT a.id AS first, b.id AS second",
                )
        yield names, values


def _sqlite(address: str, query: str) -> Iterator[tuple[list[str], Sequence[object]]]:
    path = Path(address.removeprefix(SQLITE)).expanduser()
    if not path.is_file():
        raise DataError(f"There is no database {str(path)!r}.", where="data.source", fix=SHAPE)
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as base:
            # What is no UTF-8 becomes half characters, which are told of as bad rows.
            base.text_factory = _text
            cursor = base.execute(query)
            names = [str(column[0]) for column in cursor.description or ()]
            if not names:
                raise _refused("it gives no rows")
            for values in cursor:
                yield names, values
    except (sqlite3.Error, sqlite3.Warning) as error:
        raise _refused(str(error)) from error


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def _alchemy(address: str, query: str) -> Iterator[tuple[list[str], Sequence[object]]]:
    try:
        import sqlalchemy
    except ImportError as error:
        raise DataError(
            f"{address.partition(':')[0]} is read by SQLAlchemy, which is not installed.",
            where="data.source",
            fix="pip install 'tuneful[sql]', and the driver of your database.",
        ) from error
    alchemy = cast("Any", sqlalchemy)
    try:
        engine = alchemy.create_engine(address)
        with engine.connect().execution_options(stream_results=True) as connection:
            found = connection.execute(alchemy.text(query))
            names = list(map(str, found.keys()))
            for values in found:
                yield names, tuple(values)
    except ImportError as error:
        fix = "Install the driver of your database."
        raise DataError(f"A driver is missing: {error}.", where="data.source", fix=fix) from error
    except alchemy.exc.SQLAlchemyError as error:
        raise _refused(str(error).splitlines()[0]) from error


def _refused(said: str) -> DataError:
    return DataError(
        f"The database refuses the query: {said}.",
        where="data.query",
        fix="Try it in the database's own program; it must be one SELECT.",
    )
