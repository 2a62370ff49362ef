"""What a data set's manifest and report say of it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from tuneful.core.report import Report, Table
from tuneful.data.dataset import SPLITS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tuneful.core.report import Cell, Finding
    from tuneful.data.checks.base import Facts
    from tuneful.data.reading.scan import Part


def manifest_facts(facts: Facts) -> dict[str, Any]:
    """The manifest's own facts: kind of rows, splits, classes and where all came from."""
    scan = facts.scan
    licences = dict.fromkeys(part.source.licence for part in scan.parts)
    return {
        "rows": scan.row_type,
        "splits": {split: facts.num_rows(split) for split in SPLITS},
        "labels": list(facts.labels) or sorted(scan.names),
        "label_counts": facts.label_counts,
        "source": scan.parts[0].source.reference,
        "sources": [_source(part) for part in scan.parts],
        "format": scan.parts[0].chosen.format,
        "columns": dict(scan.parts[0].chosen.match.columns),
        "licence": ", ".join(licences),
        "parents": [part.source.reference for part in scan.parts],
    }


def describe(facts: Facts, findings: Sequence[Finding]) -> Report:
    """What was read, split and found."""
    texts, copies = facts.texts, facts.copies
    return Report(
        title="Data",
        findings=findings,
        tables=[_splits(facts)],
        facts={
            "splits": {split: facts.num_rows(split) for split in SPLITS},
            "label_counts": facts.label_counts,
            "read": [part.num_read for part in facts.scan.parts],
            "skipped": facts.scan.skipped.count,
            "cleaned": {name: asdict(done) for name, done in facts.scan.cleaning.done.items()},
            "copies": {"exact": copies.num_exact, "near": copies.num_near},
            "characters": {
                "mean": texts.total / max(1, texts.num_rows),
                "longest": texts.longest,
                "longest_row": texts.longest_row,
                "empty": texts.num_empty,
            },
        },
    )


def _splits(facts: Facts) -> Table:
    rows: list[list[Cell]] = []
    for split in SPLITS:
        counts = facts.label_counts.get(split, {})
        rows.append([split, facts.num_rows(split), *counts.values()])
    read = sum(part.num_read for part in facts.scan.parts)
    return Table("Rows", ["split", "rows", *facts.labels], rows, note=f"{read:,} rows were read.")


def _source(part: Part) -> dict[str, Any]:
    source = part.source
    return {
        "reference": source.reference,
        "licence": source.licence,
        "notes": list(source.notes),
        "rows": part.num_read,
        "files": [
            {"name": file.name, "sha256": file.sha256, "bytes": file.num_bytes}
            for file in source.files
        ],
    }
