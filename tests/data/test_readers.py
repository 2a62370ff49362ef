"""Files as rows: every layout, and every way a file can be broken, with its place."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.data.conftest import Put
from tuneful.core.errors import DataError
from tuneful.data.readers import READERS
from tuneful.data.readers.base import suffix
from tuneful.data.reading.records import BadRow, Meter, Record


def read(path: Path) -> list[Record | BadRow]:
    return list(READERS[suffix(path)](path, Meter()))


def values(path: Path) -> list[dict[str, Any]]:
    items = read(path)
    assert [item for item in items if isinstance(item, BadRow)] == []
    return [item.values for item in items if isinstance(item, Record)]


def refuse(path: Path) -> DataError:
    with pytest.raises(DataError) as caught:
        read(path)
    assert caught.value.fix
    return caught.value


def only_bad(path: Path) -> BadRow:
    (bad,) = [item for item in read(path) if isinstance(item, BadRow)]
    return bad


# -- csv and tsv ---------------------------------------------------------------------------------


def test_csv_keeps_quoted_line_ends_commas_and_quotes_in_a_text(put: Put):
    path = put("d.csv", 'text,label\r\n"one\nline, ""two""",a\r\nplain,b\r\n')
    assert values(path) == [
        {"text": 'one\nline, "two"', "label": "a"},
        {"text": "plain", "label": "b"},
    ]


def test_csv_counts_rows_and_lines_apart(put: Put):
    items = read(put("d.csv", 'text,label\n"one\ntwo\nthree",a\nplain,b\n'))
    assert [(item.row, item.line) for item in items] == [(1, 4), (2, 5)]


@pytest.mark.parametrize("sign", [";", "\t", "|"])
def test_csv_with_other_separators_is_recognised_by_its_header(put: Put, sign: str):
    path = put("d.csv", f"text{sign}label\none, two{sign}a\n")
    assert values(path) == [{"text": "one, two", "label": "a"}]


def test_empty_lines_of_csv_are_no_rows_wherever_they_stand(put: Put):
    path = put("d.csv", "\r\n\ntext,label\n\none,a\n\n\ntwo,b\n\n")
    assert [row["text"] for row in values(path)] == ["one", "two"]
    assert [item.line for item in read(path)] == [5, 8]


def test_tsv_takes_quotes_as_they_stand(put: Put):
    path = put("d.tsv", '\ntext\tlabel\n5" disk, "new\ta\n"he" said\tb\n')
    assert [row["text"] for row in values(path)] == ['5" disk, "new', '"he" said']


def test_a_ragged_csv_row_is_named_and_the_others_are_read(put: Put):
    path = put("d.csv", "text,label\none,a\ntwo,b,c\nthree\nfour,d\n")
    first, second = [item for item in read(path) if isinstance(item, BadRow)]
    assert (first.row, first.line, first.file) == (2, 3, "d.csv")
    assert "3 columns where the header names 2" in first.problem
    assert (second.row, second.line) == (3, 4)
    assert "1 columns" in second.problem
    good = [item.values["text"] for item in read(path) if isinstance(item, Record)]
    assert good == ["one", "four"]


def test_text_after_a_closing_quote_is_a_bad_row(put: Put):
    bad = only_bad(put("d.csv", 'text,label\n"one"more,a\ntwo,b\n'))
    assert (bad.row, bad.line) == (1, 2)


def test_a_quote_that_is_never_closed_is_a_bad_row_that_names_its_first_line(put: Put):
    bad = only_bad(put("d.csv", 'text,label\none,a\n"two,b\nthree,c\n'))
    assert (bad.row, bad.line) == (2, 3)


def test_a_column_named_twice_is_refused(put: Put):
    error = refuse(put("d.csv", "text,label,text\na,b,c\n"))
    assert "'text'" in error.message
    assert "line 1" in error.where


def test_a_nul_byte_is_text_like_any_other(put: Put):
    path = put("d.csv", b"text,label\none\x00two,a\nthree,b\n")
    assert [row["text"] for row in values(path)] == ["one\x00two", "three"]


# -- JSON ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["jsonl", "ndjson", "json"])
def test_json_lines_skip_empty_lines_and_count_them(put: Put, ending: str):
    items = read(put(f"d.{ending}", '{"a": 1}\n\n  \n{"a": [2, null]}'))
    assert [item.values for item in items if isinstance(item, Record)] == [
        {"a": 1},
        {"a": [2, None]},
    ]
    assert [(item.row, item.line) for item in items] == [(1, 1), (2, 4)]


def test_a_broken_json_line_names_its_row_and_line_and_what_stands_there(put: Put):
    path = put("d.jsonl", '{"a": 1}\n\n{"a": oops}\n{"a": 3}\n')
    bad = only_bad(path)
    assert (bad.row, bad.line) == (2, 3)
    assert "oops" in bad.problem
    assert "d.jsonl, row 2 (line 3)" in bad.error().where
    assert "skip_bad" in bad.error().fix
    assert len(read(path)) == 3


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("[1, 2]", "list"),
        ('"text"', "str"),
        ("[" * 100_000, "nested"),
        ('{"a": ' + "9" * 5000 + "}", "digits"),
        ('{"a": 1, "b": 2, "a": 3}', "'a' stands twice"),
        ('{"m": [{"role": 1, "role": 2}]}', "'role' stands twice"),
    ],
)
def test_a_line_that_is_no_object_is_a_bad_row(put: Put, line: str, word: str):
    bad = only_bad(put("d.jsonl", line + '\n{"a": 1}\n'))
    assert bad.row == 1
    assert word in bad.problem


def test_a_json_array_is_read_like_json_lines(put: Put):
    rows = [{"text": f'{"é" * n} {{["', "label": n} for n in range(300)]
    path = put("d.json", json.dumps(rows, ensure_ascii=False, indent=1))
    assert path.stat().st_size > 1 << 16  # more than is read at once
    assert values(path) == rows


def test_a_json_array_may_end_in_a_comma_and_be_empty(put: Put):
    assert values(put("d.json", '[{"a": 1},\n]\n')) == [{"a": 1}]
    assert values(put("e.json", " [ ] ")) == []


@pytest.mark.parametrize(
    ("content", "row", "word"),
    [
        ('[{"a": 1}, {"a": oops}]', 2, "Expecting value"),
        ('[{"a": 1} {"a": 2}]', 1, "after the item"),
        ('[{"a": 1}, {"a": 2}', 2, "ends before"),
        ('[{"a": 1}, {"a": 2}]\n[{"a": 3}]', 2, "after the array"),
        ('[{"a": 1}, {"a": ' + "9" * 5000 + "}]", 2, "digits"),
        ('[{"a": 1}, {"a": 1, "a": 2}]', 2, "'a' stands twice"),
        ("a,b\n1,2\n", 1, "neither"),
    ],
)
def test_a_broken_json_array_names_its_row(put: Put, content: str, row: int, word: str):
    error = refuse(put("d.json", content))
    assert f"row {row}" in error.where
    assert word in error.message


def test_an_item_of_a_json_array_that_is_no_object_is_a_bad_row(put: Put):
    bad = only_bad(put("d.json", '[{"a": 1}, 7, {"a": 2}]'))
    assert (bad.row, "int" in bad.problem) == (2, True)


# -- Parquet -------------------------------------------------------------------------------------


def test_parquet_gives_values_of_every_type(tmp_path: Path):
    rows = [{"text": f"t{n}", "label": n, "turns": [{"role": "user"}]} for n in range(2500)]
    path = tmp_path / "d.parquet"
    pq.write_table(pa.Table.from_pylist(rows), path)
    assert values(path) == rows
    assert [item.row for item in read(path)] == list(range(1, 2501))


def test_a_file_that_is_no_parquet_is_refused(put: Put):
    assert "Parquet" in refuse(put("d.parquet", b"text,label\na,b\n")).message


@pytest.mark.parametrize("codec", ["snappy", "none"])
def test_a_damaged_parquet_file_is_refused_wherever_the_damage_is(tmp_path: Path, codec: Any):
    path = tmp_path / "d.parquet"
    pq.write_table(pa.table({"text": [f"text {n}" for n in range(300)]}), path, compression=codec)
    whole, refused = path.read_bytes(), list[DataError]()
    for begin in range(4, len(whole), 40):
        path.write_bytes(whole[:begin] + b"\xe0" * 4 + whole[begin + 4 :])
        try:
            read(path)
        except DataError as error:
            refused.append(error)
    assert len(refused) > 10
    assert all("d.parquet" in error.where for error in refused)


# -- packed files and bytes ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ending", "pack"), [("gz", gzip.compress), ("bz2", bz2.compress), ("xz", lzma.compress)]
)
def test_packed_files_are_unpacked(put: Put, ending: str, pack: Callable[[bytes], bytes]):
    rows = b"text,label\none,a\ntwo,b\n"
    assert len(values(put(f"d.csv.{ending}", pack(rows)))) == 2
    error = refuse(put(f"plain.csv.{ending}", rows))
    assert ending in error.message
    assert "plain.csv" in error.fix


def test_a_download_that_broke_off_is_refused_not_read_in_part(put: Put):
    lines = b"".join(b'{"a": %d}\n' % n for n in range(50_000))
    packed = gzip.compress(lines)
    assert "gz" in refuse(put("d.jsonl.gz", packed[: len(packed) // 2])).message


def test_bytes_that_are_no_utf8_name_byte_offset_and_row(put: Put):
    content = b"text,label\nfine,a\nna\xefve,b\nfine,c\n"
    bad = only_bad(put("d.csv", content))
    assert (bad.row, bad.line) == (2, 3)
    assert "0xef" in bad.problem
    assert f"offset {content.index(0xEF)} " in bad.problem
    lines = b'{"a": "fine"}\n{"a": "na\xefve"}\n{"a": "fine"}\n'
    bad = only_bad(put("d.jsonl", lines))
    assert (bad.row, bad.line) == (2, 2)
    assert f"offset {lines.index(0xEF)} " in bad.problem


def test_the_offset_counts_the_byte_order_mark(put: Put):
    content = b"\xef\xbb\xbftext,label\nna\xefve,b\n"
    assert f"offset {content.rindex(0xEF)} " in only_bad(put("d.csv", content)).problem
    line = b'\xef\xbb\xbf{"a": "na\xefve"}\n'
    assert f"offset {line.rindex(0xEF)} " in only_bad(put("d.jsonl", line)).problem


def test_a_row_broken_twice_over_does_not_spoil_the_next(put: Put):
    path = put("d.csv", b'text,label\n"na\xefve"more,a\nfine,b\n')
    bad, good = read(path)
    assert isinstance(bad, BadRow)
    assert isinstance(good, Record)
    assert good.values["text"] == "fine"


def test_bytes_that_are_no_utf8_in_a_json_array_or_a_header_name_their_place(put: Put):
    error = refuse(put("d.json", b'[{"a": "fine"}, {"a": "na\xefve"}]'))
    assert "0xef" in error.message
    assert "offset 25 " in error.message
    error = refuse(put("d.csv", b"t\xefxt,label\none,a\n"))
    assert "line 1" in error.where


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("d.csv", "text,label\none,a\n"),
        ("d.tsv", "text\tlabel\none\ta\n"),
        ("d.jsonl", '{"text": "one", "label": "a"}\n'),
        ("d.json", '[{"text": "one", "label": "a"}]'),
    ],
)
def test_a_byte_order_mark_is_no_text(put: Put, name: str, content: str):
    path = put(name, b"\xef\xbb\xbf" + content.encode())
    assert values(path) == [{"text": "one", "label": "a"}]


@pytest.mark.parametrize("name", ["d.csv", "d.tsv", "d.jsonl", "d.json"])
def test_an_empty_file_is_refused(put: Put, name: str):
    assert "empty" in refuse(put(name, b"")).message
    assert "empty" in refuse(put(name, b"\n \n")).message


@pytest.mark.parametrize("name", ["d.csv", "d.tsv", "d.jsonl", "d.json"])
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be"])
def test_a_file_in_utf16_says_so(put: Put, name: str, encoding: str):
    text = '[{"text": 1}]' if name == "d.json" else "text,label\n"
    content = ("\ufeff" if encoding == "utf-16-be" else "") + text
    error = refuse(put(name, content.encode(encoding)))
    assert "UTF-16" in error.message
    assert "iconv" in error.fix


def test_reading_tells_how_far_it_came(put: Put):
    path, meter = put("d.csv", "text,label\n" + "one,a\n" * 20_000), Meter()
    items = READERS["csv"](path, meter)
    next(items)
    assert 0 < meter.done < path.stat().st_size
    assert len(list(items)) == 19_999
    assert meter.done == path.stat().st_size


def test_the_ending_before_the_packing_decides():
    names = ["a.CSV.gz", "b.json", "c.2024.jsonl.XZ", "d", "e.gz", "f.tar.bz2"]
    assert [suffix(Path(name)) for name in names] == ["csv", "json", "jsonl", "", "", "tar"]


def test_a_broken_line_names_the_column(put: Put):
    bad = only_bad(put("d.jsonl", '{"a": 1}\n{"a":\n'))
    assert "at column 6" in bad.problem
