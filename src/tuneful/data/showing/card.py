"""A data set's card: where its rows come from, under which licence, and what is known of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tuneful.core.render import to_markdown
from tuneful.core.report import Table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tuneful.core.report import Cell, Report


def card(manifest: Mapping[str, Any], report: Report) -> str:
    """The manifest's and the report's facts as Markdown."""
    sources: list[list[Cell]] = [
        [source["reference"], source["licence"], source["rows"], " ".join(source["notes"])]
        for source in manifest["sources"]
    ]
    files: list[list[Cell]] = [
        [file["name"], file["bytes"], file["sha256"]]
        for source in manifest["sources"]
        for file in source["files"]
    ]
    how: list[list[Cell]] = [
        ["kind of rows", manifest["rows"]],
        ["format", manifest["format"]],
        *([f"column of {ours}", theirs] for ours, theirs in manifest["columns"].items()),
        *(
            [f"rows {did.replace('_', ' ')} by {step}", done[did]]
            for step, done in report.facts.get("cleaned", {}).items()
            for did in ("changed", "left_out")
            if done[did]
        ),
        ["hash", manifest["hash"]],
    ]
    tables = [
        Table("Sources", ["source", "licence", "rows read", "notes"], sources),
        Table("How rows were made", ["what", "value"], how),
        *report.tables,
        Table("Files", ["file", "bytes", "SHA-256"], files),
    ]
    return to_markdown(replace(report, title=f"Data set {manifest['name']}", tables=tables))
