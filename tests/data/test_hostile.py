"""Files made to fill memory, to have no end or to change: a clear error, and little memory."""

from __future__ import annotations

import gzip
import json
import lzma
import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.data.conftest import Put
from tests.data.test_prepare import labelled, recipe, write
from tests.data.test_readers import only_bad, read, refuse
from tuneful.cli.main import main
from tuneful.core.errors import DataError
from tuneful.core.events import ignore
from tuneful.core.store import Store
from tuneful.data.prepare import prepare
from tuneful.data.readers import arrow_file, base, json_array, parquet
from tuneful.data.reading.records import BadRow, Record
from tuneful.data.sources import open_source


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("d.jsonl", '{"a": "x"}\n', '{"a": "y"}\n'),
        ("d.csv", "a\nx\n", '"y"\n'),
        ("d.tsv", "a\nx\n", "y\n"),
        ("d.conll", "x O\n\n", "\ny O\n"),
    ],
)
def test_a_line_without_end_is_a_bad_row(
    put: Put, monkeypatch: pytest.MonkeyPatch, name: str, before: str, after: str
):
    monkeypatch.setattr(base, "LONGEST_LINE", 50)
    path = put(name, before + '"' + "0" * 3000 + "\n" + after)
    bad = only_bad(path)
    assert "longer than" in bad.problem
    assert bad.row == 2
    assert [isinstance(item, Record) for item in read(path)] == [True, False, True]


def test_an_object_without_end_in_an_array_is_refused(put: Put, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(json_array, "LONGEST_OBJECT", 1000)
    monkeypatch.setattr(json_array, "CHUNK", 100)
    path = put("d.json", '[{"a": "x"}, {"a": "' + "0" * 100_000 + '"}]')
    items = open_source(str(path), ignore).read()
    assert isinstance(next(items), Record)
    with pytest.raises(DataError, match="broken") as caught:
        next(items)
    assert "row 2" in f"{caught.value.message} {caught.value.where}"


def test_a_line_as_long_as_may_be_is_read(put: Put, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(base, "LONGEST_LINE", 20)
    assert isinstance(read(put("d.jsonl", '{"a": "0123456789"}\n'))[0], Record)
    assert isinstance(read(put("d.jsonl", '{"a": "01234567890123"}\n'))[0], BadRow)


@pytest.mark.parametrize("name", ["d.jsonl", "d.csv", "d.json"])
def test_a_packed_file_of_nothing_but_zeros_is_refused(
    put: Put, monkeypatch: pytest.MonkeyPatch, name: str
):
    monkeypatch.setattr(base, "MOST_UNPACKED", 1 << 16)
    start = {"d.jsonl": '{"a": 1}\n', "d.csv": "a\n1\n", "d.json": '[{"a": 1},'}[name].encode()
    error = refuse(put(f"{name}.xz", lzma.compress(start + b"\n" * (1 << 18))))
    assert "200 times" in error.message
    assert "unpack it yourself" in error.fix
    fine = put(f"fine.{name}.gz", gzip.compress(start + (b"]" if name == "d.json" else b"")))
    assert isinstance(read(fine)[0], Record)


def test_tables_on_their_side_are_refused(put: Put):
    names = ",".join(map(str, range(100_000)))
    error = refuse(put("d.csv", f"{names}\n{names}\n"))
    assert "100,000 columns" in error.message
    wide = json.dumps({str(n): n for n in range(10_001)})
    assert "10,001 columns" in only_bad(put("d.jsonl", f'{wide}\n{{"a": 1}}\n')).problem
    assert "10,001 columns" in refuse(put("d.json", f"[{wide}]")).message
    assert "100,000 columns" in only_bad(put("e.csv", f"a,b\n{names}\n1,2\n")).problem


def test_long_rows_of_parquet_are_read_a_few_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "d.parquet"
    rows = [str(n) * 500 for n in range(50)]
    pq.write_table(pa.table({"text": rows}), path, use_dictionary=False)

    def at_once() -> int:
        with path.open("rb") as file:
            return parquet._rows_at_once(file, pq.ParquetFile(file), 0)

    assert at_once() == 1000
    monkeypatch.setattr(parquet, "BYTES_AT_ONCE", 4000)
    assert 3 <= at_once() <= 4
    assert len(read(path)) == 50
    # One long text that stands once in the file and in a thousand rows.
    pq.write_table(pa.table({"text": ["0" * 1990] * 1000, "n": range(1000)}), path)
    assert at_once() == 2
    assert len(read(path)) == 1000


def test_columns_that_unpack_to_a_bomb_are_refused(
    put: Put, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = put("d.parquet", "")
    one = pa.table({"text": ["0" * (1 << 20)]})
    pq.write_table(one, path, use_dictionary=False, compression="zstd")
    assert len(read(path)) == 1
    monkeypatch.setattr(parquet, "MOST_UNPACKED", 1 << 16)
    assert "200 times" in refuse(path).message
    monkeypatch.setattr(arrow_file, "MOST_UNPACKED", 1 << 16)
    dense = pa.table(
        {"text": ["0" * 100_000] * 9, "one": pa.array(["a" * 99] * 9).dictionary_encode()}
    )
    for table, is_bomb in (
        (dense, True),
        (dense.slice(0, 0), False),
        (pa.table({"a": ["x"]}), False),
    ):
        for make in (pa.ipc.new_file, pa.ipc.new_stream):
            options = pa.ipc.IpcWriteOptions(compression="zstd")
            with make(put("d.arrow", ""), table.schema, options=options) as writer:
                writer.write_table(table)
            if is_bomb:
                assert "unpacks to over 0 MiB" in refuse(tmp_path / "d.arrow").message
            else:
                assert len(read(tmp_path / "d.arrow")) == table.num_rows
    with pa.ipc.new_file(tmp_path / "d.arrow", dense.schema) as writer:
        writer.write_table(dense)  # not packed: as large as it looks
    assert len(read(tmp_path / "d.arrow")) == 9


def test_a_key_that_stands_twice_among_many_is_found_at_once(put: Put):
    line = "{" + ", ".join(f'"{n}": 1' for n in range(60_000)) + ', "59999": 1}'
    assert "'59999' stands twice" in only_bad(put("d.jsonl", f'{line}\n{{"a": 1}}\n')).problem


@pytest.mark.parametrize(
    ("encoding", "name"), [("utf-16-le", "UTF-16LE"), ("utf-16-be", "UTF-16BE")]
)
def test_utf16_without_its_mark_says_so(put: Put, encoding: str, name: str):
    for file in ("d.csv", "d.jsonl"):
        assert name in refuse(put(file, "text,label\nfine,a\n".encode(encoding))).fix


def test_rows_in_several_encodings_are_told_apart(tmp_path: Path, store: Store):
    path = tmp_path / "d.csv"
    lines = [f"text {n} \u00e9,{'ab'[n % 2]}\n" for n in range(40)]
    parts = [line.encode("latin-1" if n in {3, 9} else "utf-8") for n, line in enumerate(lines)]
    path.write_bytes(b"text,label\n" + b"".join(parts))
    with pytest.raises(DataError, match="0xe9"):
        prepare(recipe(path), store)
    data = prepare(recipe(path, skip_bad=True), store)
    listed = (data.path / "skipped.jsonl").read_text().splitlines()
    assert [json.loads(line)["row"] for line in listed] == [4, 10]


def test_links_without_end_are_refused(tmp_path: Path):
    folder = tmp_path / "rows"
    folder.mkdir()
    write(folder / "a.csv", labelled(4))
    (folder / "b.csv").symlink_to("b.csv")
    with pytest.raises(DataError, match=r"b\.csv leads nowhere, or to itself"):
        open_source(str(folder), ignore)
    (folder / "b.csv").unlink()
    (folder / "up").symlink_to("..")
    with pytest.raises(DataError, match="up leads back"):
        open_source(str(folder), ignore)
    (folder / "up").unlink()
    (folder / "c.csv").symlink_to("a.csv")
    assert len(list(open_source(str(folder), ignore).read())) == 8
    texts = tmp_path / "texts" / "good"
    texts.mkdir(parents=True)
    (texts / "1.txt").write_text("fine")
    (texts / "2.txt").symlink_to("2.txt")
    with pytest.raises(DataError, match=r"2\.txt leads nowhere, or to itself"):
        open_source(str(texts.parent), ignore)


def test_a_pipe_is_no_source(tmp_path: Path):
    os.mkfifo(tmp_path / "d.csv")
    with pytest.raises(DataError, match="no ordinary file"):
        open_source(str(tmp_path / "d.csv"), ignore)


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path):
    rows = [{"text": f"{n} " * 20, "label": "ab"[n % 2]} for n in range(3000)]
    lines = "".join(json.dumps(row) + "\n" for row in rows).encode()
    made = {
        "d.jsonl": lines,
        "d.json": json.dumps(rows).encode(),
        "d.jsonl.gz": gzip.compress(lines),
        "d.parquet": b"",
    }
    for name, content in made.items():
        path = tmp_path / name
        path.write_bytes(content)
        if not content:
            pq.write_table(pa.Table.from_pylist(rows), path)
        items = open_source(str(path), ignore).read()
        next(items)
        path.with_suffix(".new").write_bytes(path.read_bytes())  # what is read goes on, unseen
        path.with_suffix(".new").replace(path)
        with pytest.raises(DataError, match="changed while"):
            list(items)
    path = write(tmp_path / "d.csv", labelled(3000))
    items = open_source(str(path), ignore).read()
    next(items)
    write(path, labelled(3001))
    with pytest.raises(DataError, match="changed while"):
        list(items)
    source = open_source(str(path), ignore)
    write(path, labelled(2))
    with pytest.raises(DataError, match="changed while"):
        next(source.read())


def test_a_folder_of_texts_that_changes_while_it_is_read_is_refused(tmp_path: Path):
    for name in ("good", "bad"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.txt").write_text(name)
    items = open_source(str(tmp_path), ignore).read()
    next(items)
    (tmp_path / "good" / "1.txt").write_text("another text")
    with pytest.raises(DataError, match="changed while"):
        list(items)


def test_a_text_without_end_is_a_bad_row(tmp_path: Path):
    for name in ("good", "bad"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.txt").write_text(name)
    os.truncate(tmp_path / "bad" / "1.txt", 3 << 30)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hashlib.file_digest", lambda file, name: __import__("hashlib").sha256())
        bad, good = open_source(str(tmp_path), ignore).read()
    assert isinstance(bad, BadRow)
    assert "longer than 64 MiB" in bad.problem
    assert isinstance(good, Record)
    assert good.values == {"text": "good", "label": "good"}


def test_the_command_line_leaves_bad_rows_out_and_lists_them(
    tmp_path: Path, store: Store, capsys: pytest.CaptureFixture[str]
):
    source = write(tmp_path / "d.csv", labelled(40))
    with source.open("a") as file:
        file.write("one,two,three\n")
    path = tmp_path / "recipe.yaml"
    path.write_text(f"model: m\ndata: {{source: {source}}}\nmethod: classify\n")
    assert main(["prepare", str(path), "--quiet"]) == 1
    assert "--skip-bad" in capsys.readouterr().err
    assert main(["prepare", str(path), "--skip-bad", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert "skipped-rows" in [finding["code"] for finding in said["findings"]]
    (line,) = (Path(said["dataset"]) / "skipped.jsonl").read_text().splitlines()
    assert json.loads(line)["row"] == 41
    assert json.loads(line)["fix"]


READ = """
import sys
from pathlib import Path
from tuneful.data.readers import READERS
from tuneful.data.reading.records import Meter, Record
path = Path(sys.argv[1])
print([isinstance(item, Record) for item in READERS[path.suffix[1:]](path, Meter())])
status = Path("/proc/self/status").read_text()
print(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))
"""
"""What was read, and the most memory in KiB that this program itself ever had."""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "before", "after"),
    [("d.jsonl", b'{"a": "x"}\n', b'\n{"a": "y"}\n'), ("d.csv", b"a\nx\n", b"\ny\n")],
)
def test_two_gigabytes_in_a_line_take_little_memory(
    tmp_path: Path, name: str, before: bytes, after: bytes
):
    path = tmp_path / name
    with path.open("wb") as file:  # the hole takes no room on disk
        file.write(before)
        file.seek(2 << 30)
        file.write(after)
    words = [sys.executable, "-c", READ, str(path)]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    read_as, peak_kib = done.stdout.splitlines()
    assert read_as == "[True, False, True]"
    assert int(peak_kib) < 100 << 10
