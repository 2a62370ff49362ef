"""What earlier stages found that training would suffer from.

One class only, rows sorted by label, copies across splits were found when the rows were prepared;
too little memory, sequences longer than the model's positions when the run was planned. Here they
gate it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuneful.core.report import Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tuneful.core.report import Finding
    from tuneful.training.preflight.base import Inspection


def check(inspection: Inspection) -> Iterator[Finding]:
    """Pass on what is more than a note."""
    for finding in (*inspection.data.report().findings, *inspection.plan_findings):
        if finding.level > Level.NOTE:
            yield finding
