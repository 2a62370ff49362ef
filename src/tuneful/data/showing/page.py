"""What is known of a data set as one page that loads nothing: numbers, charts, findings, rows."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

from tuneful.core.chart import Bars, bar_chart, histogram
from tuneful.core.page import html_findings, html_page, html_table
from tuneful.core.report import Table
from tuneful.data.dataset import FOUND, SPLITS
from tuneful.data.showing.seen import binned
from tuneful.data.showing.style import STYLE
from tuneful.data.showing.tokens import tokens_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tuneful.core.report import Cell, Report
    from tuneful.data.dataset import Dataset
    from tuneful.data.showing.seen import Cluster, Example, Seen
    from tuneful.data.showing.tokens import Tokens

LONGEST = 600
"""Characters of a text that are shown."""
escape = html.escape


def page(data: Dataset, report: Report, seen: Seen, tokens: Tokens | None = None) -> str:
    """The page of a data set.

    Args:
        data: Its manifest is read, its rows are not.
        report: Its findings and facts.
        seen: Its rows.
        tokens: What an epoch takes, where that is known.
    """
    title = escape(str(data.manifest["source"]))
    body: list[str] = [
        f'<p class="aside">Data set {escape(data.name)}, {escape(data.hash[:8])}</p>'
        f"<h1>{title}</h1>",
        _tiles(data, report, seen, tokens),
        *(["<h2>Findings</h2>"] if report.findings else []),
        *html_findings(report.findings),
        *_charts(data, report, seen, tokens),
        *(html_table(tokens_table(tokens)) if tokens is not None else ()),
        *_clusters(data, seen),
        *_examples(seen.examples),
        *html_table(_where_from(data.manifest)),
    ]
    return html_page(str(data.manifest["source"]), body, STYLE)


def _tiles(data: Dataset, report: Report, seen: Seen, tokens: Tokens | None) -> str:
    """The few numbers that a person looks for first."""
    lengths = seen.to_json()["characters_of_rows"]
    known: dict[str, int] = report.facts.get("languages", {}).get("counts", {})
    read = sum(int(source["rows"]) for source in data.manifest["sources"])
    tiles = [(f"{data.num_rows(split):,}", f"{split} rows") for split in data.splits]
    tiles.append((f"{lengths['median']:,}", "characters of a row (median)"))
    if tokens is not None:
        words = "tokens of an epoch" if tokens.is_exact else "tokens of an epoch, about"
        tiles.append((f"{float(f'{tokens.tokens:.4g}'):,.0f}", words))
        if tokens.usd is not None:
            tiles.append((f"{tokens.cost(tokens.tokens):,.2f} USD", "of an epoch"))
    if known:
        name, most = next(iter(known.items()))
        tiles.append((f"{name} {most / sum(known.values()):.1%}", "most frequent language"))
    copies = f"repeat another row, in {seen.num_clusters:,} groups"
    tiles.append((f"{seen.num_repeated:,}", copies))
    tiles.append((f"{read:,}", f"rows read as {data.manifest['format']}"))
    cells = [
        f'<div class="card"><b>{escape(value)}</b><span>{escape(what)}</span></div>'
        for value, what in tiles
    ]
    return f'<div class="tiles">{"".join(cells)}</div>'


def _charts(data: Dataset, report: Report, seen: Seen, tokens: Tokens | None) -> Iterator[str]:
    figures = [*_classes(data), *_languages(report)]
    if len(seen.length_N):
        drawing = histogram(binned(seen.length_N), "characters")
        figures.append(("Characters of a row, in rows", drawing))
    if tokens is not None:
        import numpy as np

        drawing = histogram(binned(np.array(tokens.lengths, np.int64)), "tokens")
        figures.append(("Tokens of a sequence, in sequences", drawing))
    yield '<h2>Rows</h2><div class="charts">'
    for title, drawing in figures:
        yield f'<figure class="card"><h3>{escape(title)}</h3>{drawing}</figure>'
    yield "</div>"


def _classes(data: Dataset) -> list[tuple[str, str]]:
    """Rows of each class in each split, and its share of the training rows."""
    counts: Mapping[str, Mapping[str, int]] = data.manifest.get("label_counts", {})
    splits = [split for split in SPLITS if data.num_rows(split) and split in counts]
    names = list(counts[splits[0]]) if splits else []
    if not names:
        return []
    values = [(name, [float(counts[split].get(name, 0)) for split in splits]) for name in names]
    total = sum(numbers[0] for _, numbers in values) or 1.0
    notes = [f"{numbers[0] / total:.1%}" for _, numbers in values]
    bars = Bars("Rows of each class", splits, values, notes)
    return [(bars.title, bar_chart(bars))]


def _languages(report: Report) -> list[tuple[str, str]]:
    known: Mapping[str, Any] = report.facts.get("languages", {})
    counts: Mapping[str, int] = known.get("counts", {})
    if not counts:
        return []
    total = sum(counts.values())
    notes = [f"{number / total:.1%}" for number in counts.values()]
    values = [(name, [float(number)]) for name, number in counts.items()]
    title = f"Languages of {total:,} rows, evenly spaced"
    return [(title, bar_chart(Bars(title, ["rows"], values, notes)))]


def _clusters(data: Dataset, seen: Seen) -> Iterator[str]:
    if not seen.clusters:
        return
    lines = [[cluster.size, _places(cluster), cluster.text] for cluster in seen.clusters]
    is_listed = (data.path / FOUND / "copies.jsonl").exists()
    note = "found/copies.jsonl lists every copy." if is_listed else ""
    columns = ["rows", "in the source", "the first begins"]
    yield from html_table(Table("The most repeated rows", columns, lines, note=note))


def _places(cluster: Cluster) -> str:
    shown = ", ".join(f"{split} {row:,}" for split, row in cluster.places)
    more = cluster.size - len(cluster.places)
    return shown + (f" and {more:,} more" if more else "")


def _examples(examples: Sequence[Example]) -> Iterator[str]:
    if not examples:
        return
    yield '<h2>Examples</h2><div class="examples">'
    for one in examples:
        aim = f'<span class="aim">{escape(one.aim)}</span>' if one.aim else ""
        head = f"<header>{aim}<span>{one.split}, source row {one.source_row:,}</span></header>"
        parts: list[str] = []
        for name, text in one.parts:
            if len(one.parts) > 1:
                parts.append(f'<p class="who">{escape(name)}</p>')
            cut = text if len(text) <= LONGEST else f"{text[:LONGEST]} …"
            parts.append(f'<p class="said">{escape(cut)}</p>')
        yield f'<article class="card">{head}{"".join(parts)}</article>'
    yield "</div>"


def _where_from(manifest: Mapping[str, Any]) -> Table:
    rows: list[list[Cell]] = []
    for source in manifest["sources"]:
        files = ", ".join(f"{file['name']} ({file['sha256'][:12]}…)" for file in source["files"])
        rows.append([source["reference"], source["licence"], source["rows"], files])
    columns = ["source", "licence", "rows read", "files (SHA-256)"]
    return Table("Where they come from", columns, rows)
