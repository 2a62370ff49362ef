"""A folder of files of rows, of one folder a class with one text a file, or of raw texts."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tuneful.core.errors import DataError
from tuneful.data.readers import READERS
from tuneful.data.readers.base import suffix
from tuneful.data.reading.records import BadRow, Meter, Record, Source, SourceFile
from tuneful.data.sources.base import (
    describe_files,
    reader_of,
    refuse_change,
    short_name,
    stamp_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tuneful.core.events import Listener

SPLITS = ("train", "validation", "valid", "val", "dev", "test")


def open_folder(reference: str, listener: Listener) -> Source:
    """A folder of files of rows, of .txt files, or of a folder of .txt files for each class."""
    del listener
    root = Path(reference).expanduser()
    if not root.is_dir():
        raise DataError(
            f"There is no folder {reference!r}.", where="data.source", fix="Check the path."
        )
    _refuse_links(root)
    files = sorted(path for path in root.iterdir() if path.is_file() and not _is_hidden(path))
    texts = [path for path in files if suffix(path) == "txt"]
    rows = [path for path in files if suffix(path) in READERS.table and path not in texts]
    classes = _class_folders(root)
    for folder in classes:
        _refuse_links(folder)
    if rows and classes:
        raise DataError(
            f"The folder holds files of rows ({rows[0].name}) and folders of texts "
            f"({classes[0].name}).",
            where=str(root),
            fix="Name the file, or move one of the two elsewhere.",
        )
    _refuse_splits(root, rows)
    if rows:
        return _of_files(reference, root, rows, left_out=[p for p in files if p not in rows])
    if classes:
        return _of_classes(reference, root, classes, left_out=texts)
    if texts:
        return _of_files(reference, root, texts, left_out=[p for p in files if p not in texts])
    found = sorted({path.suffix or path.name for path in files})[:8]
    raise DataError(
        f"The folder holds nothing to read as rows; found: {', '.join(found) or 'no files'}.",
        where=str(root),
        fix=f"Put {', '.join('.' + name for name in sorted(READERS.table))} files in it, or one "
        "folder for each class with .txt files.",
    )


def _is_hidden(path: Path) -> bool:
    return path.name.startswith((".", "_"))


def _refuse_links(root: Path) -> None:
    """A link that leads nowhere is a file that is missing; one that leads up has no end."""
    above = {root.resolve(), *root.resolve().parents}
    for path in sorted(root.iterdir()):
        if _is_hidden(path) or not path.is_symlink():
            continue
        if not path.exists():
            problem = f"The link {path.name} leads nowhere, or to itself."
        elif path.resolve() in above:
            problem = f"The link {path.name} leads back to a folder that it lies in."
        else:
            continue
        fix = "Remove it, or point it at what it should be."
        raise DataError(problem, where=str(root), fix=fix)


def _class_folders(root: Path) -> list[Path]:
    folders = sorted(p for p in root.iterdir() if p.is_dir() and not _is_hidden(p))
    return [folder for folder in folders if next(folder.glob("*.txt"), None)]


def _refuse_splits(root: Path, rows: list[Path]) -> None:
    """One folder with train and test in it must not become one heap of rows."""
    named: dict[str, str] = {}
    for path in [*rows, *(p for p in sorted(root.iterdir()) if p.is_dir())]:
        word = path.name.lower().replace("_", "-").replace("-", ".").split(".")[0]
        if word in SPLITS:
            named.setdefault(word, str(path))
    train, test = named.get("train"), named.get("test")
    if len(named) > 1:
        first = train or next(iter(named.values()))
        second = test or next(path for path in named.values() if path != first)
        raise DataError(
            f"The folder holds splits of its own: {', '.join(sorted(named))}.",
            where=str(root),
            fix=f"Name them: data.source: {first} and data.test_source: {second}",
        )


def _of_files(reference: str, root: Path, rows: list[Path], left_out: list[Path]) -> Source:
    meter = Meter()
    read = reader_of(rows, meter)
    return Source(
        name=short_name(root.name),
        reference=reference,
        files=describe_files(rows, root),
        read=read,
        notes=_left_out(left_out),
        meter=meter,
    )


def _left_out(paths: list[Path]) -> tuple[str, ...]:
    names = ", ".join(path.name for path in paths[:5])
    more = f" and {len(paths) - 5} more" if len(paths) > 5 else ""
    return (f"Left out, as no files of rows: {names}{more}.",) if paths else ()


def _of_classes(reference: str, root: Path, classes: list[Path], left_out: list[Path]) -> Source:
    whole, stamps, size, count = hashlib.sha256(), hashlib.sha256(), 0, 0
    for path in _texts(classes):
        stamp = stamp_of(path)
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        whole.update(f"{path.relative_to(root)} {content}\n".encode())
        stamps.update(repr(stamp).encode())
        size, count = size + stamp[0], count + 1
    meter = Meter()
    label = f"{root} ({count:,} texts in {len(classes)} folders)"
    return Source(
        name=short_name(root.name),
        reference=reference,
        files=(SourceFile(label, whole.hexdigest(), size),),
        read=lambda: _read_texts(root, classes, meter, stamps.hexdigest()),
        notes=_left_out(left_out),
        meter=meter,
    )


def _texts(classes: list[Path]) -> Iterator[Path]:
    for folder in classes:
        yield from sorted(folder.glob("*.txt"))


def _read_texts(
    root: Path, classes: list[Path], meter: Meter, stamped: str
) -> Iterator[Record | BadRow]:
    stamps = hashlib.sha256()
    for path in _texts(classes):
        stamps.update(repr(stamp_of(path)).encode())
        name = str(path.relative_to(root))
        for item in READERS["txt"](path, meter):
            if isinstance(item, Record):
                labelled = item.values | {"label": path.parent.name}
                yield replace(item, values=labelled, file=name)
            else:
                yield replace(item, file=name)
    refuse_change(str(root), has_changed=stamps.hexdigest() != stamped)
