"""Private data and secrets: what should not be learned, by row."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tuneful.core.report import Finding, Level
from tuneful.data.checks.base import MOST_SHOWN, rows_that
from tuneful.data.faults.private import KINDS, MAY_HOLD, find_private

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tuneful.data.checks.base import Facts

SECRETS = ("private_key", "secret")
"""Whoever reads the model may use them: they stop the work."""
WORDS = {
    "private_key": ("private key", "private keys"),
    "secret": ("key or password", "keys or passwords"),
    "iban": ("bank account (IBAN)", "bank accounts (IBAN)"),
    "card": ("payment card", "payment cards"),
    "email": ("email address", "email addresses"),
    "ip": ("internet address", "internet addresses"),
    "phone": ("phone number", "phone numbers"),
}


@dataclass
class _Seen:
    """What was found of some kinds."""

    counts: Counter[str] = field(default_factory=Counter[str])
    rows: dict[int, None] = field(default_factory=dict[int, None])
    examples: list[str] = field(default_factory=list[str])


def check(facts: Facts) -> Iterator[Finding]:
    """Find private data in the texts that are used; what it is stands in no report or list."""
    seen = {kind: _Seen() for kind in ("secrets", "private-data")}
    listing = facts.write_list("private", _lines(facts, seen))
    for code, level in (("secrets", Level.ERROR), ("private-data", Level.WARNING)):
        found = seen[code]
        if not found.rows:
            continue
        change = facts.clean_with("mask")
        kinds = ", ".join(
            f"{count:,} {WORDS[kind][count > 1]}" for kind, count in found.counts.items()
        )
        yield Finding(
            level,
            code,
            f"{rows_that(len(found.rows), 'hold')} {kinds}.",
            evidence=f"{facts.listed(list(found.rows), len(found.rows))}, such as "
            f"{', '.join(found.examples)}; {listing} lists all",
            fix="Add mask to data.clean: each value becomes a placeholder, [EMAIL_1] the same for "
            "the same address."
            if change
            else "The step mask leaves them as they are: look at its kinds, or mend the source.",
            where="data.clean",
            change=change,
        )


def _lines(facts: Facts, seen: dict[str, _Seen]) -> Iterator[dict[str, Any]]:
    kinds: Sequence[str] = tuple(KINDS)
    for row, text in facts.strings(MAY_HOLD):
        for one in find_private(text, kinds):
            found = seen["secrets" if one.kind in SECRETS else "private-data"]
            found.counts[one.kind] += 1
            found.rows[row] = None
            if len(found.examples) < MOST_SHOWN:
                found.examples.append(_hint(text[one.begin : one.end]))
            yield facts.place(row) | {"kind": one.kind, "begin": one.begin, "end": one.end}


def _hint(text: str) -> str:
    """A value's first three signs: enough to find it, not to use it."""
    return f"{' '.join(text[:3].split())}…"
