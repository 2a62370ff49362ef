"""What a data set's manifest and report say of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from tuneful.core.report import Report, Table
from tuneful.data.checks.base import FEWEST_OF_LANGUAGE
from tuneful.data.dataset import SPLITS
from tuneful.data.faults.language import is_installed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tuneful.core.report import Cell, Finding
    from tuneful.data.checks.base import Facts
    from tuneful.data.reading.scan import Part
    from tuneful.data.showing.seen import Seen

MOST_LANGUAGES = 6


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


def describe(facts: Facts, findings: Sequence[Finding], seen: Seen) -> Report:
    """What was read, split and found."""
    texts, copies = facts.texts, facts.copies
    return Report(
        title="Data",
        findings=findings,
        tables=[_splits(facts), _portrait(facts, seen)],
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
            "languages": _languages(facts),
            **seen.to_json(),
        },
    )


def _splits(facts: Facts) -> Table:
    rows: list[list[Cell]] = []
    for split in SPLITS:
        counts = facts.label_counts.get(split, {})
        rows.append([split, facts.num_rows(split), *counts.values()])
    read = sum(part.num_read for part in facts.scan.parts)
    return Table("Rows", ["split", "rows", *facts.labels], rows, note=f"{read:,} rows were read.")


def _portrait(facts: Facts, seen: Seen) -> Table:
    """Lengths, copies, languages and what was left out, in a few lines."""
    known, copies = seen.to_json()["characters_of_rows"], facts.copies
    cleaned = facts.scan.cleaning.done.values()
    rows: list[list[Cell]] = [
        [
            "characters of a row",
            f"median {known['median']:,}, 95 % {known['p95']:,}, longest {known['longest']:,}",
        ],
        ["copies", f"{copies.num_exact:,} exact, {copies.num_near:,} near"],
        ["languages", languages_said(_languages(facts))],
    ]
    left = {"unreadable": facts.scan.skipped.count, "cleaning": sum(d.left_out for d in cleaned)}
    if any(left.values()):
        rows.append(["left out", ", ".join(f"{n:,} by {why}" for why, n in left.items() if n)])
    return Table("What the rows are like", ["what", "value"], rows)


def _languages(facts: Facts) -> dict[str, Any]:
    """Rows that were looked at, and how many are in each language; the commonest first."""
    counts = Counter(code for _, code in facts.languages)
    untold = counts.pop("", 0)
    return {
        "looked_at": len(facts.languages),
        "untold": untold,
        "counts": dict(counts.most_common()),
        "is_installed": is_installed(),
    }


def languages_said(known: Mapping[str, Any]) -> str:
    """The languages of a report in a line, with their shares."""
    told = sum(known["counts"].values())
    if not known["is_installed"]:
        return 'not told: pip install "tuneful[clean]"'
    if not known["looked_at"]:
        return f"not told of fewer than {FEWEST_OF_LANGUAGE} rows"
    names = [f"{name} {n / told:.1%}" for name, n in list(known["counts"].items())[:MOST_LANGUAGES]]
    more = len(known["counts"]) - len(names)
    shown = ", ".join(names) + (f" and {more} more" if more else "")
    return f"{shown or 'none told'} (of {told:,} rows; {known['untold']:,} are too short to tell)"


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
