"""A finished, immutable folder. Its manifest is written last: it is there only if all is."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from tuneful.core.errors import RunError

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Artifact:
    """A folder that holds a dataset, a model or a report, and what is known of it.

    Attributes:
        path: The folder.
        manifest: What `manifest.json` says: kind, name, hash, parents and the kind's own facts.
    """

    path: Path
    manifest: Mapping[str, Any]

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Open a finished folder.

        Raises:
            RunError: There is no manifest: the folder is missing or was not finished.
        """
        folder = Path(path)
        try:
            return cls(folder, json.loads((folder / MANIFEST).read_text(encoding="utf-8")))
        except FileNotFoundError:
            raise RunError(
                "There is no finished artifact here.",
                where=str(folder),
                fix="Run the stage that makes it again; what is half done is not used.",
            ) from None

    @property
    def name(self) -> str:
        """Folder name without its hash."""
        return str(self.manifest["name"])

    @property
    def hash(self) -> str:
        """SHA-256 (hex) of everything that made it."""
        return str(self.manifest["hash"])


@contextmanager
def building(final: Path, manifest: dict[str, Any]) -> Generator[Path]:
    """Make a folder whole or not at all.

    Yields a folder beside `final` to fill; `manifest` may be filled on the way. On success the
    manifest is written last and the folder is renamed into place; on failure it is removed.
    """
    final.parent.mkdir(parents=True, exist_ok=True)
    draft = final.parent / f".{final.name}.{os.getpid()}.draft"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    try:
        yield draft
        write_json(draft / MANIFEST, manifest)
        if final.exists():
            shutil.rmtree(final)
        draft.rename(final)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def digest(value: object) -> str:
    """SHA-256 (hex) of a JSON value in canonical form: sorted keys, no spaces, UTF-8."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def file_hashes(folder: Path) -> dict[str, str]:
    """SHA-256 (hex) of every file below a folder but its manifest, by its path from there."""
    found: dict[str, str] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name != MANIFEST:
            with path.open("rb") as file:
                found[name] = hashlib.file_digest(file, "sha256").hexdigest()
    return found


def write_json(path: Path, value: object) -> None:
    """Replace a JSON file in one step: a reader sees the old or the new one, never a part."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.draft")
    try:
        with draft.open("w", encoding="utf-8") as file:
            json.dump(value, file, indent=1, ensure_ascii=False, default=str)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
