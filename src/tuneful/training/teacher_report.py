"""What became of the rows that a teacher answered: for the data set's report."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from tuneful.core.report import Finding, Level, Report, Table

if TYPE_CHECKING:
    from collections.abc import Mapping

MUCH = 0.05
"""Share of rows left out that deserves a warning."""
TEXTS = "answers.jsonl"


def report_of(report: Report, splits: Mapping[str, int], facts: Mapping[str, Any]) -> Report:
    """What was known of the rows, and what became of them."""
    left, total = facts["left_out"], facts["left_out"] + facts["written"]
    findings = list(report.findings)
    if left:
        finding = Finding(
            Level.WARNING if left > MUCH * total else Level.NOTE,
            "answers-left-out",
            f"{left:,} of {total:,} rows were left out: no answer of the teacher to keep.",
            evidence=": ".join(filter(None, [listed(Counter(facts["why"])), facts["example"]])),
            fix=f"Read {TEXTS} in the data set's folder; answers without an end: raise "
            "data.answers.max_new_tokens.",
            where="data.answers",
        )
        findings.append(finding)
    table = Table("Rows with their answers", ["split", "rows"], [[s, n] for s, n in splits.items()])
    known = {**report.facts, "splits": splits, "answers": facts}
    return Report(report.title, findings, [*report.tables, table], known)


def listed(why: Counter[str]) -> str:
    """Reasons and their counts."""
    return ", ".join(f"{reason} {count:,}" for reason, count in why.items())
