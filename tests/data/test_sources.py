"""Databases, folders of raw texts, CoNLL and Arrow files as sources."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pyarrow as pa
import pytest

from tests.data.conftest import Put
from tests.data.test_prepare import recipe
from tests.data.test_readers import only_bad, refuse, values
from tuneful.core.errors import DataError
from tuneful.core.events import ignore
from tuneful.core.store import Store
from tuneful.data.prepare import prepare
from tuneful.data.reading.records import Record
from tuneful.data.sources import open_source

QUERY = "SELECT body AS text, kind AS label FROM reviews ORDER BY id"


@pytest.fixture
def base(tmp_path: Path) -> str:
    path = tmp_path / "shop.db"
    with sqlite3.connect(path) as made:
        made.execute("CREATE TABLE reviews (id INTEGER, body TEXT, kind TEXT)")
        rows = [(n, f"row {n} says word{n * 7}", "ab"[n % 2]) for n in range(40)]
        made.executemany("INSERT INTO reviews VALUES (?, ?, ?)", rows)
    made.close()
    return f"sqlite:///{path}"


def test_a_query_gives_rows(base: str, tmp_path: Path, store: Store):
    data = prepare(recipe(f"sql:{base}", query=QUERY), store)
    assert sum(data.num_rows(split) for split in ("train", "validation", "test")) == 40
    assert data.path.name.startswith("shop-")
    assert prepare(recipe(f"sql:{base}#{QUERY}"), store).row("train", 0) == data.row("train", 0)
    with sqlite3.connect(base.removeprefix("sqlite:///")) as made:
        made.execute("UPDATE reviews SET body = 'other' WHERE id = 3")
    made.close()
    assert prepare(recipe(f"sql:{base}", query=QUERY), store).path != data.path


def test_another_database_goes_by_sqlalchemy(base: str):
    other = base.replace("sqlite:", "sqlite+pysqlite:")
    read = [list(open_source(f"sql:{name}", ignore, QUERY).read()) for name in (base, other)]
    assert read[0] == read[1]


@pytest.mark.parametrize(
    ("query", "where", "word"),
    [
        ("", "data.query", "no query"),
        ("SELEC 1", "data.query", "syntax error"),
        ("DELETE FROM reviews", "data.query", "readonly"),
        ("PRAGMA user_version = 0", "data.query", "readonly"),
        ("SELECT id, kind AS id FROM reviews", "data.query", "twice"),
    ],
)
def test_a_query_that_is_none_says_why(base: str, query: str, where: str, word: str):
    with pytest.raises(DataError) as caught:
        open_source(f"sql:{base}", ignore, query)
    assert (caught.value.where, word in caught.value.message) == (where, True)


def test_a_database_that_is_not_there_or_a_query_to_none_is_refused(tmp_path: Path):
    with pytest.raises(DataError, match="no database"):
        open_source(f"sql:sqlite:///{tmp_path}/none.db", ignore, QUERY)
    with pytest.raises(DataError, match="is no database"):
        open_source("rows.csv", ignore, QUERY)
    with pytest.raises(DataError, match="holds a password"):
        open_source("sql:postgresql://me:secret@host/shop", ignore, QUERY)


def test_bytes_of_a_database_that_are_no_text_are_a_bad_row(base: str, store: Store):
    with sqlite3.connect(base.removeprefix("sqlite:///")) as made:
        made.execute("UPDATE reviews SET body = CAST(X'6EEF' AS TEXT) WHERE id = 3")
    made.close()
    with pytest.raises(DataError, match="half a character"):
        prepare(recipe(f"sql:{base}", query=QUERY), store)


def test_a_folder_of_texts_is_raw_text(tmp_path: Path, store: Store):
    folder = tmp_path / "books"
    folder.mkdir()
    for number in range(8):
        text = f"\ufeffBook {number}.\r\n\r\nIt has {number * 17} pages."
        (folder / f"{number}.txt").write_bytes(text.encode())
    (folder / "cover.png").write_bytes(b"\x89PNG")
    source = open_source(str(folder), ignore)
    first = next(source.read())
    assert isinstance(first, Record)
    assert first.values == {"text": "Book 0.\r\n\r\nIt has 0 pages."}
    assert "cover.png" in source.notes[0]
    data = prepare(recipe(folder, method="pretrain"), store)
    assert data.row_type == "text"


def test_texts_beside_folders_of_classes_are_said_to_be_left_out(tmp_path: Path):
    for name in ("good", "bad"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.txt").write_text(name)
    (tmp_path / "README.txt").write_text("read me")
    assert "README.txt" in open_source(str(tmp_path), ignore).notes[0]


CONLL = "-DOCSTART- -X- -X- O\n\nEU NNP B-NP B-ORG\nrejects VBZ B-VP O\n\n\n# NN O O\n"


def test_conll_lines_become_sentences(put: Put):
    assert values(put("d.conll", CONLL)) == [
        {"words": ["EU", "rejects"], "tags": ["B-ORG", "O"],
         "column_2": ["NNP", "VBZ"], "column_3": ["B-NP", "B-VP"]},
        {"words": ["#"], "tags": ["O"], "column_2": ["NN"], "column_3": ["O"]},
    ]  # fmt: skip
    tabs = "# text = New York\r\nNew York\tB-LOC\r\n\u00a0x\tO\r\n"
    assert values(put("d.bio", tabs)) == [
        {"words": ["New York", "\u00a0x"], "tags": ["B-LOC", "O"]}
    ]


def test_a_line_of_conll_without_a_tag_is_a_bad_row_at_its_line(put: Put):
    bad = only_bad(put("d.conll", "A O\n\nB O\nC\n\nD O\n"))
    assert (bad.row, bad.line) == (2, 4)
    assert "'C'" in bad.problem
    assert "no tag" in only_bad(put("e.conll", "A\nB\n\nD O\n")).problem


def test_tags_are_learned_from_a_conll_file(tmp_path: Path, store: Store):
    path = tmp_path / "names.conll"
    path.write_text("\n\n".join(f"Ada B-PER\nsaw O\nit{n} O" for n in range(30)) + "\n")
    assert prepare(recipe(path, method="tag"), store).row_type == "tagged"


@pytest.mark.parametrize("kind", ["file", "stream"])
def test_arrow_files_and_streams_are_read(tmp_path: Path, kind: str):
    rows = [{"text": f"t{n}", "turns": [{"role": "user"}]} for n in range(2500)]
    table, path = (
        pa.Table.from_pylist(rows),
        tmp_path / f"d.{'feather' if kind == 'file' else 'arrow'}",
    )
    make = pa.ipc.new_file if kind == "file" else pa.ipc.new_stream
    with make(str(path), table.schema) as writer:
        writer.write_table(table)
    assert values(path) == rows
    path.write_bytes(path.read_bytes()[:-600] + b"\xe0" * 600)
    assert "Arrow" in refuse(path).message


def test_a_file_that_is_no_arrow_is_refused(put: Put):
    assert "Arrow" in refuse(put("d.arrow", b"text,label\na,b\n")).message
    assert "Feather 1" in refuse(put("d.feather", b"FEA1....")).message
