"""A hub's data set becomes rows: real `datasets`, against a look-alike on loopback."""

import io
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.data.hub import hub

pytestmark = pytest.mark.slow
CARD = b"""---
license: mit
dataset_info:
  features:
  - name: text
    dtype: string
  - name: label
    dtype:
      class_label:
        names:
          '0': neg
          '1': pos
---
"""
RECIPE = """
model: m
data: {{source: "{source}"}}
method: classify
"""


def rows(start: int, count: int) -> bytes:
    lines = [f"film number {n} was thing{n * 7},{n % 2}" for n in range(start, start + count)]
    return ("text,label\n" + "\n".join(lines) + "\n").encode()


def table(count: int) -> bytes:
    content = io.BytesIO()
    texts = [f"film number {n} was thing{n * 7}" for n in range(count)]
    columns = {"text": texts, "label": ["good", "bad"] * (count // 2)}
    pq.write_table(pa.table(columns), content)
    return content.getvalue()


FILES = {"README.md": CARD, "data/train.csv": rows(0, 60), "data/test.csv": rows(100, 20)}
CONFIGURED = {
    "README.md": b"""---
configs:
- config_name: small
  data_files: small.parquet
- config_name: large
  data_files: large.parquet
---
""",
    "small.parquet": table(40),
    "large.parquet": table(400),
}


def prepared(folder: Path, address: str, source: str) -> "subprocess.CompletedProcess[str]":
    """Prepare in a process of its own: `datasets` reads the environment when it is imported."""
    path = folder / "r.yaml"
    path.write_text(RECIPE.format(source=source), encoding="utf-8")
    environment = {
        **os.environ,
        "HF_ENDPOINT": address,
        "HF_HOME": str(folder / "hf"),
        "TUNEFUL_HOME": str(folder / "home"),
    }
    command = [sys.executable, "-m", "tuneful", "prepare", str(path), "--json", "--quiet"]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


def test_rows_splits_and_class_names_come_from_the_hub(tmp_path: Path):
    with hub("people/films", FILES) as address:
        train = prepared(tmp_path, address, "hub:people/films")
        test = prepared(tmp_path, address, "hub:people/films#test")
    assert train.returncode == 0, train.stderr
    value = json.loads(train.stdout)
    assert value["facts"]["splits"] == {"train": 48, "validation": 6, "test": 6}
    assert set(value["facts"]["label_counts"]["train"]) == {"neg", "pos"}
    assert sum(json.loads(test.stdout)["facts"]["splits"].values()) == 20


def test_the_same_rows_have_the_same_hash_on_every_machine_and_changed_rows_another(
    tmp_path: Path,
):
    hashes: list[str] = []
    changed = {**FILES, "data/train.csv": rows(0, 61)}
    for number, files in enumerate([FILES, FILES, changed]):
        folder = tmp_path / str(number)  # a cache of its own
        folder.mkdir()
        with hub("people/films", files) as address:
            assert prepared(folder, address, "hub:people/films").returncode == 0
        (manifest,) = folder.glob("home/datasets/*/manifest.json")
        known = json.loads(manifest.read_text(encoding="utf-8"))
        assert known["licence"] == "mit"
        hashes.append(known["hash"])
    assert hashes[0] == hashes[1] != hashes[2]


def test_parquet_files_of_a_configuration_are_read(tmp_path: Path):
    with hub("people/films", CONFIGURED) as address:
        done = prepared(tmp_path, address, "hub:people/films/small")
    assert done.returncode == 0, done.stderr
    assert sum(json.loads(done.stdout)["facts"]["splits"].values()) == 40


@pytest.mark.parametrize(
    ("files", "source", "words"),
    [
        (FILES, "hub:people/flims", "has no data set 'people/flims'"),
        (FILES, "hub:people/films#dev", "dev"),
        (FILES, "hub:a/b/c/d", "names no data set"),
        (CONFIGURED, "hub:people/films", "'small', 'large'"),
        (CONFIGURED, "hub:people/films/medium", "'small', 'large'"),
        ({"films.py": b"import datasets", "README.md": b"# Films"}, "hub:people/films", "scripts"),
        ({"README.md": b"# Films"}, "hub:people/films", "data files"),
        ({"data.csv": b"text,label\na,b\na,b,c,d\n"}, "hub:people/films", "Expected 2 fields"),
    ],
    ids=[
        "name",
        "split",
        "shape",
        "no-configuration",
        "configuration",
        "script",
        "empty",
        "broken",
    ],
)
def test_what_the_hub_does_not_have_is_said(
    tmp_path: Path, files: dict[str, bytes], source: str, words: str
):
    with hub("people/films", files) as address:
        done = prepared(tmp_path, address, source)
    assert done.returncode == 1, done.stderr
    error = json.loads(done.stdout)["error"]
    assert error["type"] == "DataError"
    assert words in error["message"]
    assert error["fix"]


@pytest.mark.parametrize("address", ["http://127.0.0.1:9", "no-address"])
def test_a_hub_that_is_not_there_is_said(tmp_path: Path, address: str):
    began = time.monotonic()
    done = prepared(tmp_path, address, "hub:people/films")
    assert time.monotonic() - began < 20  # it was 29 s: five attempts, each of several questions
    assert done.returncode == 1, done.stderr
    assert json.loads(done.stdout)["error"]["type"] == "DataError"


def test_rows_that_are_in_the_cache_need_no_hub(tmp_path: Path):
    with hub("people/films", FILES) as address:
        assert prepared(tmp_path, address, "hub:people/films").returncode == 0
    shutil.rmtree(tmp_path / "home")
    done = prepared(tmp_path, address, "hub:people/films")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["facts"]["splits"]["train"] == 48
