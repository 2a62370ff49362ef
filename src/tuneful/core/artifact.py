"""A finished, immutable folder. Its manifest is written last: it is there only if all is."""

from __future__ import annotations

import hashlib
import json
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from tuneful.core.drafts import drafted, put, to_disk
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
    manifest is written last, once the disk has all else, and the folder is renamed into place; on
    failure it is removed. A whole folder that another process has put there meanwhile stays.
    """
    final.parent.mkdir(parents=True, exist_ok=True)
    with drafted(final, is_folder=True) as draft:
        yield draft
        for path in sorted(draft.rglob("*"), reverse=True):  # what is in a folder before it
            to_disk(path)
        write_json(draft / MANIFEST, manifest)
        to_disk(draft)
        _put(draft, final)
        to_disk(final.parent)


def _put(draft: Path, final: Path) -> None:
    """Rename, unless another process was quicker: what it put there is the same, and in use."""
    try:
        draft.rename(final)
    except OSError:
        if (final / MANIFEST).exists():
            return
        shutil.rmtree(final)
        draft.rename(final)


def remove(folder: Path) -> None:
    """Remove a finished folder. The manifest goes first: what is half removed is not whole."""
    (folder / MANIFEST).unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)


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
    with drafted(path) as draft:
        with draft.open("w", encoding="utf-8") as file:
            json.dump(value, file, indent=1, ensure_ascii=False, default=str)
            file.write("\n")
        put(draft, path)
