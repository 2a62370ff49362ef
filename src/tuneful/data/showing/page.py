"""What is known of a data set as one page: numbers, charts, findings and examples."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from tuneful.core.chart import Bars, bar_chart
from tuneful.core.render import to_html
from tuneful.core.report import Table
from tuneful.data.arrow import row_of
from tuneful.data.dataset import SPLITS
from tuneful.data.rows import to_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tuneful.core.report import Cell, Report
    from tuneful.data.checks.base import Facts

EXAMPLES = 8
LONGEST = 400
"""Characters of an example that are shown."""


def page(facts: Facts, report: Report) -> str:
    """The report with charts of lengths and classes, and rows evenly spaced as examples."""
    charts = [chart for chart in (_classes(facts), _lengths(facts)) if chart.values]
    tables = [*report.tables, _numbers(facts), Table("Examples", COLUMNS, list(_examples(facts)))]
    title = f"Data: {facts.scan.parts[0].source.reference}"
    figures = [(chart.title, bar_chart(chart)) for chart in charts]
    return to_html(replace(report, title=title, tables=tables), figures)


COLUMNS = ("row", "split", "example")


def _classes(facts: Facts) -> Bars:
    """Rows of each class and split; where rows have several, rows that have it."""
    splits = [split for split in SPLITS if facts.num_rows(split)]
    if facts.labels:
        counts = facts.label_counts
        rows = [(name, [float(counts[split][name]) for split in splits]) for name in facts.labels]
        return Bars("Rows of each class", splits, rows)
    names = sorted(facts.scan.names.items(), key=lambda known: -known[1])
    return Bars("Rows with each class", ["all"], [(name, [float(n)]) for name, n in names])


def _lengths(facts: Facts) -> Bars:
    bins = facts.texts.lengths()
    rows = [(f"{low:,} to {high:,}", [float(count)]) for low, high, count in bins]
    return Bars("Characters of a text, in rows", ["rows"], rows)


def _numbers(facts: Facts) -> Table:
    texts, copies = facts.texts, facts.copies
    done = facts.scan.cleaning.done.values()
    rows: list[list[Cell]] = [
        ["rows read", sum(part.num_read for part in facts.scan.parts)],
        ["rows used", facts.num_used],
        ["left out as unreadable", facts.scan.skipped.count],
        ["left out by cleaning", sum(one.left_out for one in done)],
        ["changes made by cleaning", sum(one.changed for one in done)],
        ["exact copies", copies.num_exact],
        ["near copies", copies.num_near],
        ["mean characters of a text", texts.total / max(1, texts.num_rows)],
        ["characters of the longest", texts.longest],
    ]
    return Table("Numbers", ["what", "number"], rows)


def _examples(facts: Facts) -> Iterator[list[Cell]]:
    step = max(1, facts.num_used // EXAMPLES)
    passed = shown = 0
    for batch, number_N in facts.batches():
        for at in range(-passed % step, len(number_N), step):
            if shown == EXAMPLES:
                return
            shown += 1
            values = to_json(row_of(batch.slice(at, 1).to_pylist()[0], facts.scan.row_type))
            text = json.dumps(values, ensure_ascii=False)
            row = int(number_N[at])
            cut = text if len(text) <= LONGEST else f"{text[:LONGEST]} …"
            yield [facts.numbered(row), facts.split_of(row), cut]
        passed += len(number_N)
