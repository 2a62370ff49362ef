"""A hub's data set becomes rows: real `datasets`, against a look-alike on loopback."""

import json
import os
import subprocess
import sys
from pathlib import Path

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


FILES = {"README.md": CARD, "data/train.csv": rows(0, 60), "data/test.csv": rows(100, 20)}


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


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("hub:people/flims", "has no data set 'people/flims'"),
        ("hub:people/films#dev", "dev"),
        ("hub:a/b/c/d", "names no data set"),
    ],
)
def test_what_the_hub_does_not_have_is_said(tmp_path: Path, source: str, words: str):
    with hub("people/films", FILES) as address:
        done = prepared(tmp_path, address, source)
    assert done.returncode == 1, done.stderr
    error = json.loads(done.stdout)["error"]
    assert words in error["message"]
    assert error["fix"]


def test_a_hub_that_is_not_there_is_said(tmp_path: Path):
    done = prepared(tmp_path, "http://127.0.0.1:9", "hub:people/films")
    assert done.returncode == 1, done.stderr
    assert json.loads(done.stdout)["error"]["type"] == "DataError"
