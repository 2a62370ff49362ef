"""Rows by filters, two data sets side by side, and the page of one."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tuneful.core.chart import Bars, Bin, bar_chart, histogram
from tuneful.core.errors import DataError
from tuneful.core.store import Store
from tuneful.data.dataset import PAGE, Dataset
from tuneful.data.prepare import prepare
from tuneful.data.showing.compare import compare
from tuneful.data.showing.looking import Wanted, choose
from tuneful.data.showing.seen import binned, look_over
from tuneful.recipe.schema import Recipe

Rows = list[list[str]]
HARMLESS = re.compile(  # elements that load nothing
    "html|head|meta|link|title|style|body|main|p|h1|h2|h3|div|b|span|details|summary|dl|dt|dd|i|"
    "figure|article|header|table|tr|th|td"
)


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


def test_the_page_loads_nothing_and_shows_rows_and_charts(ready: Any):
    rows = sound()
    rows[0][0] = "<script>alert(1)</script> and http://example.org/a.png"
    data = ready(rows)
    text = (data.path / PAGE).read_text(encoding="utf-8")
    for title in ("Rows of each class", "Characters of a row", "Examples", "Where they come from"):
        assert title in text
    assert "<script" not in text
    loading = re.findall(r"""(?:src|href|srcset|action)=["']?([^"'>\s]+)|url\(|@import""", text)
    assert loading == ["data:,"]
    assert all(HARMLESS.fullmatch(name) for name in re.findall(r"<([a-z0-9]+)", text))


def test_a_report_says_languages_lengths_and_copies(ready: Any):
    english = "this is a plain sentence of an english speaker about the weather on day number"
    german = "das ist ein ganz gewöhnlicher deutscher satz über das wetter am tage nummer"
    rows = [[f"{german if n < 12 else english} {n} {n * 77}", "ab"[n % 2]] for n in range(60)]
    report = ready(rows).report()
    assert report.facts["languages"]["counts"] == {"en": 48, "de": 12}
    table = {str(name): str(value) for name, value in report.tables[1].rows}
    assert table["languages"].startswith("en 80.0%, de 20.0% (of 60 rows")
    assert table["characters of a row"].startswith("median ")
    few = ready(rows[:40]).report().tables[1]
    assert ["languages", "not told of fewer than 50 rows"] in few.rows


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
    assert re.findall(r"width:([\d.]+)%", chart) == ["100.00", "50.00", "0.00", "25.00"]
    assert "a &lt;b&gt;" in chart
    many = bar_chart(Bars("B", ["n"], [(str(n), [1.0]) for n in range(45)]))
    assert "and 5 more" in many
    drawn = histogram([Bin(0, 10, 4), Bin(10, None, 1)], "words")
    assert re.findall(r"height:([\d.]+)%", drawn) == ["100.00", "25.00"]
    assert "10 and more words: 1" in drawn


def test_bins_have_round_sizes_and_one_for_what_is_rare():
    number_N = np.array([3, 7, 12, *range(100), 100_000])
    bins = binned(number_N)
    assert [one.low for one in bins[:3]] == [0, 5, 10]
    assert (bins[-1].high, bins[-1].count) == (None, 1)
    assert sum(one.count for one in bins) == len(number_N)
    assert all((one.high or 10**6) > one.low for one in bins)
    assert [(one.low, one.count) for one in binned(np.array([8, 8]))] == [(8, 2)]
    assert binned(np.array([], np.int64)) == []


def test_lengths_and_copies_are_those_of_the_rows(ready: Any):
    rows = sound()
    rows[3][0] = rows[17][0] = "a text that stands here three times"
    rows[30][0] = "A text  that stands here three times"
    seen = look_over(ready(rows))
    assert sorted(seen.length_N.tolist()) == sorted(len(text) for text, _ in rows)
    assert (seen.num_clusters, seen.num_repeated) == (1, 2)
    (cluster,) = seen.clusters
    assert [row for _, row in cluster.places] == [4, 18, 31]
    assert cluster.text == "a text that stands here three times"
    assert [one.aim for one in seen.examples].count("a") in range(1, 8)
