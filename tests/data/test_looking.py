"""Rows by filters, two data sets side by side, and the page of one."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from tuneful.core.chart import Bars, bar_chart
from tuneful.core.errors import DataError
from tuneful.core.store import Store
from tuneful.data.dataset import PAGE, Dataset
from tuneful.data.prepare import prepare
from tuneful.data.showing.compare import compare
from tuneful.data.showing.looking import Wanted, choose
from tuneful.recipe.schema import Recipe

Rows = list[list[str]]


def sound(count: int = 60) -> Rows:
    return [[f"row {n} says word{n * 7} and thing{n * 13}", "ab"[n % 2]] for n in range(count)]


@pytest.fixture
def ready(tmp_path: Path, store: Store):
    """Prepare labelled rows."""

    def ready(rows: Rows, **data: Any) -> Dataset:
        path = tmp_path / "rows.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([["text", "label"], *rows])
        values = {"source": str(path), **data}
        return prepare(Recipe.make({"model": "m", "data": values, "method": "classify"}), store)

    return ready


def chosen(data: Dataset, **wanted: Any) -> list[int]:
    return [one.source_row for one in choose(data, Wanted(**wanted))]


def test_rows_are_chosen_by_what_they_are(ready: Any):
    rows = sound()
    rows[9][0] += " <br /> twice as long as any other row of all"
    rows[20][0] = "tiny"
    data = ready(rows)
    assert chosen(data, rows=(3, 7), order="shortest") == [3, 7]
    assert chosen(data, contains="SAYS WORD63") == [10]
    assert chosen(data, order="longest", most=1) == [10]
    assert chosen(data, order="shortest", most=1) == [21]
    assert len(chosen(data, label="a", most=100)) == 30
    assert len(chosen(data, split="test", most=100)) == data.num_rows("test")
    (one,) = choose(data, Wanted(found="html"))
    assert (one.source_row, one.what) == (10, "what: <br />")
    assert one.values == {"text": rows[9][0], "label": "b"}
    for n in range(0, 60, 5):
        rows[n][0] += " <br />"
    data = ready(rows)
    assert len(data.splits) == 3
    assert chosen(data, found="html", most=4) == [1, 6, 10, 11]
    assert chosen(data, found="html", skip=4, most=2) == [16, 21]


def test_pages_go_on_where_the_last_ended(ready: Any):
    data = ready(sound())
    for order in ("first", "random", "longest"):
        pages = [chosen(data, order=order, skip=n, most=25) for n in (0, 25, 50, 75)]
        assert sorted(row for page in pages for row in page) == list(range(1, 61))
    assert chosen(data, order="random") != chosen(data, order="first")


def test_what_is_not_there_is_said(ready: Any):
    data = ready(sound())
    for wanted in (Wanted(label="c"), Wanted(found="html"), Wanted(split="tset")):
        with pytest.raises(DataError, match="There is no"):
            choose(data, wanted)


def test_two_data_sets_differ_by_rows_labels_and_splits(ready: Any):
    rows = sound()
    one = ready(rows, split={"stable": True})
    assert compare(one, one).title.endswith("0 added, 0 removed, 0 other label, 0 other split")
    rows[4][1] = "b"
    rows[8][0] = "another text"
    rows.append(["a text that is new", "a"])
    other = ready(rows, split={"stable": True})
    report = compare(one, other)
    counts = {name: report.facts[name] for name in ("added", "removed", "other label")}
    assert counts == {"added": 2, "removed": 1, "other label": 1}
    tables = {table.title: table for table in report.tables}
    assert [row[2] for row in tables["Added"].rows] in (
        ["another text", "a text that is new"], ["a text that is new", "another text"],
    )  # fmt: skip
    assert tables["Removed"].rows[0][1:] == [9, "row 8 says word56 and thing104"]
    assert tables["Other label"].rows[0][1:] == [
        5, "row 4 says word28 and thing52", "now label 'b'",
    ]  # fmt: skip
    assert sum(int(str(row[3])) for row in tables["Rows"].rows) == 1


def test_repeated_rows_are_paired_one_by_one(ready: Any):
    rows = sound()
    one = ready([*rows, rows[0], rows[0]])
    report = compare(one, ready([*rows, rows[0]]))
    assert (report.facts["added"], report.facts["removed"]) == (0, 1)


def test_the_page_needs_nothing_else_and_shows_rows_and_charts(ready: Any):
    rows = sound()
    rows[0][0] = "<script>alert(1)</script>"
    text = (ready(rows).path / PAGE).read_text(encoding="utf-8")
    assert text.count("<svg") == 2
    assert "Rows of each class" in text
    assert "16 to 31" in text
    assert "Examples" in text
    assert "<script>" not in text
    assert "http://" not in text.replace("http://www.w3.org/2000/svg", "")


def test_the_card_says_where_rows_come_from(ready: Any):
    rows = sound()
    rows[0][0] = "caf\u00c3\u00a9 with a view"
    data = ready(rows, clean=["encoding"])
    text = (data.path / "README.md").read_text(encoding="utf-8")
    source = data.manifest["sources"][0]
    assert f"| {source['reference']} | unknown | 60 |" in text
    assert source["files"][0]["sha256"] in text
    assert "| rows changed by encoding | 1 |" in text
    assert "- **note**: The step encoding mended 1 row." in text


def test_bars_are_as_long_as_their_numbers():
    chart = bar_chart(Bars("B", ["one", "two"], [("a <b>", [10.0, 5.0]), ("c", [0.0, 2.5])]))
    bars = [line for line in chart.splitlines() if 'height="12"' in line and 'x="200"' in line]
    widths = [line.split('width="')[1].split('"')[0] for line in bars]
    assert widths[-4:] == ["440.0", "220.0", "0.0", "110.0"]
    assert "a &lt;b&gt;" in chart
    many = bar_chart(Bars("B", ["n"], [(str(n), [1.0]) for n in range(45)]))
    assert "and 5 more" in many
