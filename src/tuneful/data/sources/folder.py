"""A folder of files of rows, of one folder a class with one text a file, or of raw texts."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from tuneful.core.errors import DataError
from tuneful.data.readers import READERS
from tuneful.data.readers.base import TO_UTF8, suffix
from tuneful.data.records import BadRow, Meter, Record, Source, SourceFile
from tuneful.data.sources.base import describe_files, read_files, short_name

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
    files = sorted(path for path in root.iterdir() if path.is_file() and not _is_hidden(path))
    texts = [path for path in files if suffix(path) == "txt"]
    rows = [path for path in files if suffix(path) in READERS.table and path not in texts]
    classes = _class_folders(root)
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
    return Source(
        name=short_name(root.name),
        reference=reference,
        files=describe_files(rows, root),
        read=lambda: read_files(rows, meter),
        notes=_left_out(left_out),
        meter=meter,
    )


def _left_out(paths: list[Path]) -> tuple[str, ...]:
    names = ", ".join(path.name for path in paths[:5])
    more = f" and {len(paths) - 5} more" if len(paths) > 5 else ""
    return (f"Left out, as no files of rows: {names}{more}.",) if paths else ()


def _of_classes(reference: str, root: Path, classes: list[Path], left_out: list[Path]) -> Source:
    whole, size, count = hashlib.sha256(), 0, 0
    for path in _texts(classes):
        content = path.read_bytes()
        name = str(path.relative_to(root))
        whole.update(f"{name} {hashlib.sha256(content).hexdigest()}\n".encode())
        size, count = size + len(content), count + 1
    meter = Meter()
    label = f"{root} ({count:,} texts in {len(classes)} folders)"
    return Source(
        name=short_name(root.name),
        reference=reference,
        files=(SourceFile(label, whole.hexdigest(), size),),
        read=lambda: _read_texts(root, classes, meter),
        notes=_left_out(left_out),
        meter=meter,
    )


def _texts(classes: list[Path]) -> Iterator[Path]:
    for folder in classes:
        yield from sorted(folder.glob("*.txt"))


def _read_texts(root: Path, classes: list[Path], meter: Meter) -> Iterator[Record | BadRow]:
    for path in _texts(classes):
        content = path.read_bytes()
        meter.end(len(content))
        name = str(path.relative_to(root))
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            problem = (
                f"The byte {content[error.start]:#04x} at offset {error.start:,} of the file is "
                "not UTF-8."
            )
            yield BadRow(problem, TO_UTF8, name, 1)
        else:
            yield Record({"text": text, "label": path.parent.name}, name, 1)
