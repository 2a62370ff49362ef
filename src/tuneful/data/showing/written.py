"""A data set's report, page and card, written into its folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuneful.core.artifact import write_json
from tuneful.data.dataset import CARD, PAGE, REPORT
from tuneful.data.showing.card import card
from tuneful.data.showing.page import page
from tuneful.data.showing.seen import look_over

if TYPE_CHECKING:
    from tuneful.core.report import Report
    from tuneful.data.dataset import Dataset
    from tuneful.data.showing.seen import Seen


def write_report(data: Dataset, report: Report, seen: Seen | None = None) -> None:
    """Write what is known of a data set, for a program and for a person.

    Args:
        data: Whose rows and manifest are whole; its folder may be in the making.
        report: What was found.
        seen: Its rows, where they were looked over already.
    """
    write_json(data.path / REPORT, report.to_json())
    whole = page(data, report, seen or look_over(data))
    (data.path / PAGE).write_text(whole, encoding="utf-8")
    (data.path / CARD).write_text(card(data.manifest, report), encoding="utf-8")
