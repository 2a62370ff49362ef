"""Texts whose encoding was mistaken: mojibake, and characters that are lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuneful.core.report import Finding, Level
from tuneful.data.checks.base import rows_that, search
from tuneful.data.faults.encoding import LOST, MAY_BE_BROKEN, mend_encoding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tuneful.data.checks.base import Facts

AROUND = 12


def check(facts: Facts) -> Iterator[Finding]:
    """Find texts that read differently once their mojibake is read again."""
    broken = search(facts, "mojibake", MAY_BE_BROKEN, _broken)
    yield from broken.warning(
        f"{rows_that(broken.num_rows, 'hold')} text that was read in a wrong encoding.",
        "Add encoding to data.clean; or read the source as what it is.",
        "encoding",
    )
    lost = search(facts, "lost-characters", LOST, _lost)
    if lost.num_rows:
        yield Finding(
            Level.WARNING,
            "lost-characters",
            f"{rows_that(lost.num_rows, 'hold')} U+FFFD: a character was lost "
            "before the file was written.",
            evidence=lost.evidence,
            fix="Write the source again from where it came from; what is lost cannot be mended.",
            where="data.source",
        )


def _broken(text: str) -> str:
    better = mend_encoding(text)
    if better == text:
        return ""
    at = next((n for n, (a, b) in enumerate(zip(text, better, strict=False)) if a != b), 0)
    return text[max(0, at - AROUND) : at + AROUND]


def _lost(text: str) -> str:
    at = text.index(LOST)
    return text[max(0, at - AROUND) : at + AROUND]
