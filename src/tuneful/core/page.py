"""Reports as pages in HTML: one style for all of them, light or dark as the reader's screen is.

A page needs no script and loads nothing; it is made of parts, so that one page can hold several
reports.
"""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tuneful.core.render import are_numbers, cell, details_of
from tuneful.core.report import Level

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tuneful.core.report import Finding, Report, Table

STYLE = """
:root { color-scheme: light dark; --line: #8883; --soft: #8881; --aside: #57606a; --page: #f6f7f9;
  --sheet: #fff; --ink: #1c2128; --tuned: #2456d6; --base: #b45309; --good: #0f7b4f; --bad: #b3261e;
  --error: #b3261e; --warning: #8a5a00; --note: #0b6b7a; }
@media (prefers-color-scheme: dark) { :root { --aside: #a3adba; --page: #12161b; --sheet: #1b2027;
  --ink: #e6e9ee; --tuned: #86a8ff; --base: #f0a557; --good: #5fd0a0; --bad: #ff9a90;
  --error: #ff9a90; --warning: #f2c063; --note: #6cc7d6; } }
* { box-sizing: border-box; }
body { font: 16px/1.55 system-ui, "Segoe UI", Roboto, sans-serif; margin: 0;
  background: var(--page); color: var(--ink); overflow-wrap: break-word; }
main { max-width: 72rem; margin: 0 auto; padding: 2rem 1rem 4rem; }
h1, h2, h3 { line-height: 1.25; overflow-wrap: anywhere; }
h1 { font-size: 1.8rem; margin: 0; } h2 { font-size: 1.3rem; margin: 2.5rem 0 .75rem; }
h3 { font-size: 1.05rem; margin: 1.5rem 0 .5rem; font-weight: 600; }
p { margin: .5rem 0; } figure { margin: 0; }
a { color: var(--tuned); }
.aside { color: var(--aside); font-size: .9rem; }
:focus-visible { outline: 2px solid var(--tuned); outline-offset: 2px; }
.card { background: var(--sheet); border: 1px solid var(--line); border-radius: .6rem;
  padding: 1rem 1.1rem; min-width: 0; }
.scroll { overflow-x: auto; margin: 0 0 .5rem; }
.card.scroll { padding: .4rem 1.1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { padding: .35rem 1rem .35rem 0; border-bottom: 1px solid var(--line); text-align: left;
  vertical-align: top; overflow-wrap: break-word; }
th:last-child, td:last-child { padding-right: 0; } tr:last-child td { border-bottom: 0; }
th { font-size: .85rem; font-weight: 600; color: var(--aside); vertical-align: bottom; }
@media (max-width: 40rem) { .scroll table { min-width: 36rem; } }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
details.card { padding: 0; margin: .5rem 0; }
summary { padding: .7rem 1.1rem; cursor: pointer; overflow-wrap: anywhere; }
.finding dl { margin: 0; padding: 0 1.1rem .9rem; display: grid; gap: .2rem .9rem;
  grid-template-columns: max-content 1fr; }
.finding dt { color: var(--aside); } .finding dd { margin: 0; overflow-wrap: anywhere; }
p.finding { padding: .7rem 1.1rem; }
.level { font-size: .78rem; font-weight: 600; padding: .1rem .5rem; border-radius: 1rem;
  border: 1px solid currentColor; margin-right: .5rem; white-space: nowrap; }
.error { color: var(--error); } .warning { color: var(--warning); } .note { color: var(--note); }
"""
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'"
"""What a page may load: nothing, from anywhere."""


@dataclass(frozen=True)
class Section:
    """A part of a page that stands in its contents.

    Attributes:
        key: Its address within the page.
        title: In its heading and the contents.
        parts: In HTML.
        style: CSS of its own.
    """

    key: str
    title: str
    parts: Sequence[str]
    style: str = ""


def to_html(report: Report) -> str:
    """A report as a page that needs nothing else."""
    body = [f"<h1>{html.escape(report.title)}</h1>", *html_findings(report.findings)]
    for table in report.tables:
        body += html_table(table)
    return html_page(report.title, body)


def html_page(title: str, body: Sequence[str], style: str = "") -> str:
    """A whole page of parts in HTML, in the one style of all pages; it loads nothing.

    Args:
        title: Of the browser's tab.
        body: Parts of the page.
        style: More CSS than all pages have.
    """
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<link rel="icon" href="data:,"><title>{html.escape(title)}</title>'
        f"<style>{STYLE}{style}</style></head>\n<body><main>\n"
        + "\n".join(body)
        + "\n</main></body></html>\n"
    )


def html_section(section: Section) -> list[str]:
    """A section as parts of a page."""
    return [f'<h2 id="{section.key}">{html.escape(section.title)}</h2>', *section.parts]


def html_findings(findings: Sequence[Finding]) -> Iterator[str]:
    """Findings as parts of a page; what shows a note is folded away."""
    for finding in findings:
        word = finding.level.word
        told = f'<span class="level {word}">{word}</span>{html.escape(finding.title)}'
        details = "".join(f"<dt>{n}</dt><dd>{html.escape(t)}</dd>" for n, t in details_of(finding))
        if not details:
            yield f'<p class="card finding">{told}</p>'
            continue
        is_open = " open" * (finding.level > Level.NOTE)
        yield (
            f'<details class="card finding"{is_open}><summary>{told}</summary><dl>{details}</dl>'
            "</details>"
        )


def html_table(table: Table, level: int = 2) -> Iterator[str]:
    """A table as parts of a page; what is too wide scrolls, by keys too.

    Args:
        table: Its title is a heading.
        level: Of the heading.
    """
    right = are_numbers(table)
    title = html.escape(table.title)
    yield f"<h{level}>{title}</h{level}>"
    yield f'<div class="card scroll" tabindex="0" role="region" aria-label="{title}"><table><tr>'
    heads = zip(table.columns, right, strict=True)
    yield "".join(_cell("th scope=col", name, is_right=is_right) for name, is_right in heads)
    yield "</tr>"
    for row in table.rows:
        cells = zip(row, right, strict=True)
        told = (_cell("td", cell(value), is_right=is_right) for value, is_right in cells)
        yield f"<tr>{''.join(told)}</tr>"
    yield "</table></div>"
    if table.note:
        yield f'<p class="aside">{html.escape(table.note)}</p>'


def _cell(tag: str, text: str, *, is_right: bool) -> str:
    return f"<{tag}{' class=number' * is_right}>{html.escape(text)}</{tag[:2]}>"
