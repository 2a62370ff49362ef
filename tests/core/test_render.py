"""Reports say the same on every face, and break on none."""

from __future__ import annotations

import math
import unicodedata
from html.parser import HTMLParser

import pytest

from tuneful.core.page import to_html
from tuneful.core.render import finding_to_terminal, to_markdown, to_terminal
from tuneful.core.report import Finding, Level, Report, Table

WORDS = "a sentence of short words that goes on for much longer than a line " * 3


def _finding(title: str = "All 40 rows say yes.", level: Level = Level.ERROR) -> Finding:
    return Finding(
        level, "single-class", title, evidence="yes: 40, no: 0", where="data.csv:3", fix="Add no."
    )


def _report(*tables: Table) -> Report:
    return Report("Data", findings=[_finding()], tables=tables, facts={"hidden": "secret"})


def _columns(line: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in line)


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


def _tags(page: str) -> list[tuple[str, dict[str, str | None]]]:
    parser = _Tags()
    parser.feed(page)
    return parser.seen


def test_a_finding_shows_level_title_evidence_where_and_fix_in_that_order() -> None:
    lines = finding_to_terminal(_finding(), color=False, width=80).splitlines()
    assert lines[0] == "error: All 40 rows say yes."
    assert [line.split() for line in lines[1:]] == [
        ["evidence:", "yes:", "40,", "no:", "0"],
        ["where:", "data.csv:3"],
        ["fix:", "Add", "no."],
    ]
    assert all(line.startswith("  ") for line in lines[1:])


def test_a_finding_without_details_is_one_line() -> None:
    assert finding_to_terminal(Finding(Level.NOTE, "x", "Fine."), color=False, width=80) == (
        "note: Fine."
    )


def test_no_ansi_codes_without_color() -> None:
    table = Table("Counts", ["name", "n"], [["yes", 40]], note="all")
    assert "\x1b" not in to_terminal(_report(table), color=False, width=80)


@pytest.mark.parametrize(
    ("level", "code"), [(Level.ERROR, "31"), (Level.WARNING, "33"), (Level.NOTE, "36")]
)
def test_each_level_has_its_color(level: Level, code: str) -> None:
    first = finding_to_terminal(_finding(level=level), color=True, width=80).splitlines()[0]
    assert f"{code}m{level.word}\x1b[0m" in first


def test_color_changes_nothing_but_codes() -> None:
    table = Table("Counts", ["name", "n"], [["yes", 40]], note="all")
    colored = to_terminal(_report(table), color=True, width=60)
    for code in ("\x1b[1;31m", "\x1b[1;33m", "\x1b[36m", "\x1b[1m", "\x1b[2m", "\x1b[0m"):
        colored = colored.replace(code, "")
    assert colored == to_terminal(_report(table), color=False, width=60)


@pytest.mark.parametrize("width", [30, 40, 80, 120])
def test_no_line_is_longer_than_the_width_where_words_can_break(width: int) -> None:
    finding = Finding(Level.WARNING, "x", WORDS, evidence=WORDS, where="a.csv", fix=WORDS)
    table = Table("Rows", ["n", "text"], [[1, WORDS], [22, "short"]], note=WORDS)
    text = to_terminal(Report("Data", [finding], [table]), color=False, width=width)
    assert max(map(len, text.splitlines())) <= width
    assert text.count("sentence") == WORDS.count("sentence") * 5


@pytest.mark.parametrize("width", [30, 60])
def test_a_long_report_title_and_table_title_are_wrapped(width: int) -> None:
    text = to_terminal(
        Report(WORDS.strip(), tables=[Table(WORDS.strip(), ["n"], [[1]])]), color=False, width=width
    )
    assert max(map(len, text.splitlines())) <= width


@pytest.mark.parametrize("width", [60, 80])
def test_every_column_of_a_wide_table_gives_way(width: int) -> None:
    cells = ["rows-enc", "calibration error of the model", 20, "50.0 % [30.0, 70.0]", WORDS]
    table = Table("Gains", ["model", "metric", "rows", "base", "what"], [cells])
    text = to_terminal(Report("", tables=[table]), color=False, width=width)
    assert max(map(len, text.splitlines())) <= width
    assert text.count("sentence") == WORDS.count("sentence")
    assert "[30.0, 70.0]" in text  # an interval is not torn apart


def test_numbers_stand_right_and_text_left() -> None:
    table = Table("Counts", ["n", "name"], [[5, "ab"], [12345, "c"]])
    lines = to_terminal(Report("", tables=[table]), color=False, width=80).splitlines()
    assert lines[-2:] == ["     5  ab", "12,345  c"]


def test_a_float_has_four_digits_and_nothing_is_a_dash() -> None:
    table = Table("Scores", ["name", "f1"], [["a", 0.123456], ["b", None]])
    report = Report("", tables=[table])
    for text in (to_terminal(report, color=False, width=80), to_markdown(report), to_html(report)):
        assert "0.1235" in text
        assert "0.12345" not in text
        assert "\u2013" in text
        assert "None" not in text


def test_a_loss_that_is_not_a_number_is_shown() -> None:
    report = Report("", tables=[Table("Loss", ["loss"], [[math.nan], [math.inf]])])
    for text in (to_terminal(report, color=False, width=80), to_markdown(report), to_html(report)):
        assert "nan" in text
        assert "inf" in text


@pytest.mark.parametrize("width", [24, 40])
def test_wide_characters_are_counted_as_two_columns(width: int) -> None:
    table = Table("漢字", ["字", "テキスト"], [["漢字", "日本 語の 文章 " * 6], ["a", "🙂 é"]])
    finding = Finding(Level.NOTE, "x", "日本 語の 文章 " * 6)
    text = to_terminal(Report("報告", [finding], [table]), color=False, width=width)
    assert text.count("文章") == 12
    assert max(map(_columns, text.splitlines())) <= width


def test_wide_characters_keep_columns_aligned() -> None:
    table = Table("T", ["name", "end"], [["漢字", "|x"], ["abcd", "|x"]])
    lines = to_terminal(Report("", tables=[table]), color=False, width=80).splitlines()[-2:]
    assert _columns(lines[0]) == _columns(lines[1])


@pytest.mark.parametrize("table", [Table("T", [], []), Table("T", ["a"], []), Table("T", [], [[]])])
def test_a_table_without_rows_or_columns_is_no_crash(table: Table) -> None:
    report = Report("Data", tables=[table])
    assert "T" in to_terminal(report, color=True, width=80)
    assert "T" in to_markdown(report)
    assert "T" in to_html(report)


def test_an_empty_report_renders_as_its_title() -> None:
    report = Report("Nothing")
    assert to_terminal(report, color=False, width=80) == "Nothing"
    assert to_markdown(report).strip() == "# Nothing"
    assert "<h1>Nothing</h1>" in to_html(report)
    assert "<table" not in to_html(report)


def test_facts_are_not_rendered() -> None:
    report = _report()
    for text in (to_terminal(report, color=False, width=80), to_markdown(report), to_html(report)):
        assert "secret" not in text


def test_markdown_escapes_pipes_and_newlines_in_cells() -> None:
    table = Table("T", ["a|b", "c"], [["x|y", "one\ntwo"]])
    rows = [line for line in to_markdown(Report("R", tables=[table])).splitlines() if "|" in line]
    assert rows == ["| a\\|b | c |", "| --- | --- |", "| x\\|y | one two |"]


def test_markdown_lets_no_markup_of_the_data_through() -> None:
    evil = "<script>x</script>"
    table = Table(evil, [evil], [[evil]], note=evil)
    assert "<script" not in to_markdown(Report(evil, [_finding(evil)], [table]))


def test_html_escapes_what_data_says() -> None:
    evil = "</title></style><script>alert('x')</script>&"
    finding = Finding(Level.ERROR, "x", evil, evidence=evil, where=evil, fix=evil)
    page = to_html(Report(evil, [finding], [Table(evil, [evil], [[evil]], note=evil)]))
    assert "script" not in {tag for tag, _ in _tags(page)}
    assert page.count("&lt;script&gt;") == 11


def test_html_needs_nothing_from_elsewhere() -> None:
    page = to_html(_report(Table("T", ["a"], [[1]])))
    assert page.startswith("<!doctype html>")
    assert not {"script", "img", "iframe"} & {tag for tag, _ in _tags(page)}
    assert [told for tag, told in _tags(page) if tag == "link"] == [
        {"rel": "icon", "href": "data:,"}  # else a browser asks for one
    ]
    assert "://" not in page
    assert "default-src 'none'" in page


def test_html_follows_light_and_dark() -> None:
    page = to_html(_report())
    assert "color-scheme: light dark" in page or "prefers-color-scheme" in page


@pytest.mark.parametrize("level", list(Level))
def test_html_marks_each_finding_with_its_level(level: Level) -> None:
    badges = [a for _, a in _tags(to_html(Report("R", [_finding(level=level)]))) if "class" in a]
    assert [badge["class"] for badge in badges] == ["card finding", f"level {level.word}"]
