"""An audit for a reader: as a page of its own, or a section of the evaluation's page."""

from __future__ import annotations

import html
from collections import Counter
from typing import TYPE_CHECKING

from tuneful.auditing.audits import AUDITS
from tuneful.core.page import Section, html_findings, html_page, html_table
from tuneful.core.report import Level

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tuneful.core.report import Finding, Report, Table

STYLE = """
.audits { display: grid; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); gap: .75rem;
  margin: 1rem 0; padding: 0; list-style: none; }
.audits a { font-weight: 600; }
.audits b { display: block; font-size: 1.15rem; margin: .15rem 0; }
.audits .good { color: var(--good); } .audits .none { color: var(--aside); }
h4 { font-size: .95rem; margin: 1.25rem 0 .5rem; }
"""


def audit_page(report: Report) -> str:
    """An audit as a page of its own."""
    body = [f"<h1>{html.escape(report.title)}</h1>", *_parts(report, 2)]
    return html_page("Audit", body, STYLE)


def audit_section(report: Report) -> Section:
    """An audit as a section of another page."""
    return Section("audit", "What may tuning have broken?", list(_parts(report, 3)), STYLE)


def _parts(report: Report, level: int) -> Iterator[str]:
    """All of an audit, under headings of a level and below."""
    names, tables = list(report.facts["findings"]), report.facts["tables"]
    found, rest = _by_audit(report)
    yield (
        f'<p class="aside">{len(names)} audits of the tuned model and, beside it, its base. What '
        "they do not find may be there all the same.</p>"
    )
    yield '<ul class="audits">'
    yield from (_tile(name, found[name], report) for name in names)
    yield "</ul>"
    yield from html_findings(rest)
    begin = 0
    for name in names:
        end = begin + tables[name]
        yield from _one(name, found[name], report.tables[begin:end], report, level)
        begin = end


def _by_audit(report: Report) -> tuple[dict[str, Sequence[Finding]], Sequence[Finding]]:
    """The findings of each audit, and those about the rows, in the order in which they stand."""
    begin = len(report.facts["rows_findings"])
    rest, found = report.findings[:begin], dict[str, "Sequence[Finding]"]()
    for name, codes in report.facts["findings"].items():
        found[name] = report.findings[begin : begin + len(codes)]
        begin += len(codes)
    return found, rest


def _tile(name: str, found: Sequence[Finding], report: Report) -> str:
    """An audit in a word or two, which lead to it."""
    counts = Counter(finding.level for finding in found)
    kind, said = "good", "nothing found"
    if name in report.facts["not_audited"]:
        kind, said = "none", "not audited"
    elif counts:
        worst = max(counts)
        kind, said = worst.word, f"{counts[worst]} {worst.word}{'s' * (counts[worst] > 1)}"
    seconds = report.facts["seconds"].get(name, 0.0)
    took = f"{seconds:.0f} s" if seconds >= 1 else "less than 1 s"
    return (
        f'<li class="card"><a href="#audit-{name}">{name.capitalize()}</a>'
        f'<b class="{kind}">{said}</b><span class="aside">{took}</span></li>'
    )


def _one(
    name: str, found: Sequence[Finding], tables: Sequence[Table], report: Report, level: int
) -> Iterator[str]:
    """One audit: what it looks for, what it found, and its numbers."""
    yield f'<h{level} id="audit-{name}">{name.capitalize()}</h{level}>'
    about = (AUDITS[name].__doc__ or "").partition("\n")[0] if name in AUDITS else ""
    yield f'<p class="aside">{html.escape(about)}</p>' if about else ""
    why = report.facts["not_audited"].get(name)
    if why:
        yield f"<p>Not audited: {html.escape(why)}.</p>"
    elif not any(finding.level > Level.NOTE for finding in found):
        yield f"<p>{'Nothing above a note' if found else 'Nothing'} was found.</p>"
    yield from html_findings(found)
    for table in tables:
        yield from html_table(table, level + 1)
