"""What the data's own checks found that training on it would suffer from.

One class only, rows sorted by label, copies across splits: found when the rows were prepared, here
they gate the run.
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
    for finding in inspection.data.report().findings:
        if finding.level > Level.NOTE:
            yield finding
