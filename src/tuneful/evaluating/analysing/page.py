"""An evaluation as one page: what is better, for whom, where it is not, and the rows to read.

The page is made of the report alone, needs no script and loads nothing.
"""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

from tuneful.core.page import html_findings, html_page, html_section, html_table
from tuneful.evaluating.analysing.drawings import reliability_plot
from tuneful.evaluating.analysing.page_rows import changed, confusion, examples
from tuneful.evaluating.analysing.page_slices import slice_parts
from tuneful.evaluating.analysing.shown import number, people_table, span
from tuneful.evaluating.few import made_by
from tuneful.evaluating.paired import tests_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tuneful.core.page import Section
    from tuneful.core.report import Report

    Facts = Mapping[str, Any]

PAGE = "report.html"
STYLE = """
header p { margin: .25rem 0; }
.cards { display: flex; flex-wrap: wrap; gap: 1rem; margin: 1.5rem 0 1rem; }
.cards .card { flex: 1 1 12rem; padding: 1rem 1.25rem; }
.cards b { display: block; font-size: 2rem; line-height: 1.2; font-variant-numeric: tabular-nums; }
.card.base b { color: var(--base); } .card.tuned b { color: var(--tuned); }
.card.up b { color: var(--good); } .card.down b { color: var(--bad); }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; padding: 0; list-style: none; }
.ends { display: flex; justify-content: space-between; width: 200px; }
.slices td, .slices th { padding: .15rem .5rem; white-space: nowrap; width: 9.5rem; }
.slices th:nth-child(2), .slices td:nth-child(2) { width: 3rem; text-align: right; }
.slices td { vertical-align: middle; }
.slices td:first-child, .slices th:first-child { padding-left: 0; }
.slices td:first-child { white-space: normal; min-width: 9rem; }
.slices td:last-child, .slices th:last-child { white-space: normal; min-width: 8rem; width: auto; }
.slices td.number, .slices th.number { text-align: right; }
.slices small { display: block; color: var(--aside); line-height: 1.1; }
.slices svg { display: block; }
.weak, .worse, .both { color: var(--bad); font-weight: 600; } .few { color: var(--aside); }
.bar { display: flex; height: 1.25rem; border-radius: .4rem; overflow: hidden; gap: 2px; }
.key { display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; padding: 0; list-style: none; }
.dot { display: inline-block; width: .8rem; height: .8rem; border-radius: 50%;
  margin-right: .4rem; }
details > div { padding: 0 1.1rem .75rem; }
.said { display: inline-block; padding: 0 .5rem; border-radius: .3rem; background: var(--soft); }
.said.right { color: var(--good); } .said.wrong { color: var(--bad); }
.text { white-space: pre-wrap; margin: .5rem 0; }
.text span { border-radius: .2rem; }
.answers { display: grid; grid-template-columns: 5rem 1fr; gap: .25rem .75rem; }
.answers pre { margin: 0; white-space: pre-wrap; font-size: .85rem; overflow-wrap: anywhere; }
.heat td.count { text-align: right; min-width: 4rem; font-variant-numeric: tabular-nums; }
.scroll table.heat { min-width: 0; }
.pair > * { min-width: 0; max-width: 100%; }
.pair { display: flex; flex-wrap: wrap; gap: 2rem; } .plot { width: 22rem; max-width: 100%; }
"""


def page(report: Report, more: Sequence[Section] = ()) -> str:
    """The evaluation's page.

    Args:
        report: The evaluation.
        more: What others found of the same model; it stands before the rows to read.
    """
    facts = report.facts
    analysis = facts.get("analysis")
    parts = [*_head(facts), *_contents(facts, more), '<h2 id="findings">Findings</h2>']
    parts += list(html_findings(report.findings)) or ["<p>Nothing that must not be overlooked.</p>"]
    shown = {"Base and tuned", "Here and at home", "General text", "Corrections"}
    for table in report.tables:
        if table.title in shown or analysis is None:
            parts += html_table(table)
    if analysis is not None:
        parts += slice_parts(analysis)
        if "people" in analysis:
            parts += html_table(people_table(analysis["people"]))
        parts += changed(analysis)
    parts += [part for section in more for part in html_section(section)]
    if analysis is not None:
        parts += examples(analysis)
    parts += _classes(facts)
    parts += _foot(facts)
    style = "".join([STYLE, *(section.style for section in more)])
    return html_page(f"{facts.get('model', 'Evaluation')}: evaluation", parts, style)


def _head(facts: Facts) -> Iterator[str]:
    first = next(iter(facts["metrics"].values()))
    base, tuned, apart = first["base"], first["tuned"], first["difference"]
    yield f"<header><h1>{html.escape(facts.get('model', 'Evaluation'))}</h1>"
    yield (
        f'<p class="aside">tuned from {html.escape(facts.get("base", "its base"))}, measured on '
        f"{facts['rows']:,} {html.escape(_which_rows(facts))}</p></header>"
    )
    yield f"<p>{html.escape(_verdict(first))}</p>"
    yield '<div class="cards">'
    if base:
        yield _card("base", f"base, {first['title']}", base, first)
    yield _card("tuned", f"tuned, {first['title']}", tuned, first)
    if apart:
        is_good = (apart["low"] > 0) if first["better"] == "higher" else (apart["high"] < 0)
        is_bad = (apart["high"] < 0) if first["better"] == "higher" else (apart["low"] > 0)
        kind = "up" if is_good else "down" if is_bad else ""
        yield _card(kind, "difference, row by row", apart, first, sign=True)
    yield "</div>"


def _which_rows(facts: Facts) -> str:
    """Whose rows were tested, and what is known of their having been trained on."""
    if "elsewhere" not in facts:
        return "rows that it was not trained on"
    seen = facts.get("seen_in_training", 0)
    told = f", of which {seen:,} stand among its training or validation rows" if seen else ""
    return f"rows of {(facts['elsewhere'] or {}).get('data', 'another data set')}{told}"


def _card(kind: str, title: str, part: Facts, score: Facts, *, sign: bool = False) -> str:
    value = number(part["value"], score, sign=sign)
    if sign and score["is_share"]:
        value = value.replace(" %", " points")
    ends = span(part, score) or ""
    return (
        f'<div class="card {kind}">{html.escape(title)}<b>{value}</b>'
        f'<span class="aside">95 %: {ends[ends.index("[") :]}</span></div>'
    )


def _verdict(first: Facts) -> str:
    """The first metric in one sentence."""
    apart, title = first["difference"], first["title"]
    if not apart:
        return f"The base was not asked; {title} of the tuned model stands below."
    is_up = first["better"] == "higher"
    if (apart["low"] > 0) if is_up else (apart["high"] < 0):
        return f"By {title} the tuned model is better than its base on these rows."
    if (apart["high"] < 0) if is_up else (apart["low"] > 0):
        return f"By {title} the tuned model is worse than its base on these rows."
    return f"By {title} neither model was shown to be better: the difference's interval holds 0."


def _contents(facts: Facts, more: Sequence[Section]) -> Iterator[str]:
    names = {"findings": "Findings"}
    if "analysis" in facts:
        names |= {"slices": "For whom", "changed": "What changed"}
    names |= {section.key: html.escape(section.title) for section in more}
    if "analysis" in facts:
        names["rows"] = "Rows to read"
    if facts.get("confusion"):
        names["classes"] = "Classes"
    names["how"] = "How it was measured"
    links = "".join(f'<li><a href="#{key}">{name}</a></li>' for key, name in names.items())
    yield f'<nav aria-label="Contents"><ul>{links}</ul></nav>'


def _classes(facts: Facts) -> Iterator[str]:
    """Confusion and confidence."""
    if not facts.get("confusion"):
        return
    yield '<h2 id="classes">Classes and confidence</h2><div class="pair"><div>'
    yield from confusion(facts["labels"], facts["confusion"])
    yield "</div>"
    bins = facts.get("reliability")
    if bins:
        yield '<figure class="plot"><h3>Is confidence what it says?</h3>'
        yield reliability_plot(bins)
        yield (
            '<figcaption class="aside">A dot on the dashed line: of rows with this confidence as '
            "many are right as it says. Lines are 95 % intervals, bars the number of rows."
            "</figcaption></figure>"
        )
    yield "</div>"


def _foot(facts: Facts) -> Iterator[str]:
    yield '<h2 id="how">How it was measured</h2><ul>'
    yield (
        f"<li>Metrics: 95 % intervals {made_by(facts)}, both models on the same rows"
        + (f"; p of {tests}" if (tests := tests_of(facts)) else "")
        + ".</li>"
    )
    analysis = facts.get("analysis")
    if analysis is not None:
        yield (
            f"<li>Slices: {analysis['rows']:,} rows; shares by Wilson's interval, paired "
            "differences by Bonett and Price's, other means by Student's; "
            f"{analysis['tests']} tests, corrected by Holm's rule: in at most one "
            "analysis of twenty a slice is named by chance. Topics are k-means over words.</li>"
        )
        if analysis.get("explained"):
            yield (
                "<li>Words: integrated gradients from a text of padding (Sundararajan et al. "
                "2017). They say what moved the score, not what is true of the text.</li>"
            )
        if analysis.get("columns_problem"):
            problem = html.escape(analysis["columns_problem"])
            yield f"<li>Not divided by the source's columns: {problem}</li>"
    yield "<li>Every row: rows.jsonl; every number: evaluation.json, both beside this page.</li>"
    yield "</ul>"
