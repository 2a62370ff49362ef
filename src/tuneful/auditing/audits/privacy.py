"""Privacy: what a model kept of the rows it learned from.

Planted secrets (`data.canaries`), membership inference, text recalled word for word, private data
in what it writes, and what differential privacy promised.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, ClassVar

from tuneful.auditing.audits.base import Audited
from tuneful.auditing.exposure import exposures
from tuneful.auditing.kept import (
    Kept,
    Member,
    about_canaries,
    about_leaks,
    about_members,
    about_recall,
    tables,
)
from tuneful.auditing.likelihood import KINDS, row_logps
from tuneful.auditing.membership import ATTACKS, auc, signs
from tuneful.auditing.recall import (
    FEWEST_FOLLOW,
    MOST_ROWS,
    Leaked,
    Recalled,
    begun,
    given_to,
    leaks,
    recall,
)
from tuneful.core.report import Finding, Level
from tuneful.data.deriving.canaries import CANARIES
from tuneful.data.rows import Chat, Text
from tuneful.evaluating.measures.answers import AnswerSample

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tuneful.auditing.audits.base import Subject
    from tuneful.data.rows import Row

SCORED, WRITTEN = 200, 100
"""Rows that were learned, and as many that were not, by what they cost."""
FEWEST = 30


class Privacy:
    """What the model kept of its training rows: secrets, membership, text, private data."""

    needs_rows: ClassVar[bool] = False

    def look(self, subject: Subject) -> Audited:
        """Ask about learned and held-out rows, and let models that write go on with them."""
        promised = subject.model.manifest.get("privacy")
        if subject.data.row_type not in KINDS:
            return Audited(why_not=f"what is kept of {subject.data.row_type} rows is not measured")
        canaries = list(subject.data.manifest.get(CANARIES, ()))
        inside, outside = _inside(subject), _outside(subject)
        enough = min(len(inside), len(outside)) >= FEWEST
        members = list(_members(subject, inside, outside)) if enough else []
        recalled, leaked = _written(subject, inside, outside)
        kept = Kept(
            exposures(subject, canaries) if canaries else [],
            members,
            (len(inside), len(outside)),
            recalled,
            leaked,
        )
        tolerance = subject.settings.tolerance
        findings = [
            *about_canaries(kept.canaries),
            *about_members(kept, tolerance, enough=enough),
            *about_recall(kept.recalled, tolerance),
            *about_leaks(kept.leaked),
            *_about_short(subject, recalled),
        ]
        facts = {
            "canaries": [asdict(one) for one in kept.canaries],
            "membership": [asdict(one) for one in members],
            "rows": {"learned": len(inside), "held out": len(outside)},
            "recall": [{k: v for k, v in asdict(o).items() if k != "written"} for o in recalled],
            "private": [{"kind": one.kind, "is_learned": one.is_learned} for one in leaked],
            "differential_privacy": promised,
        }
        return Audited(findings, list(tables(kept, promised)), facts)


def _about_short(subject: Subject, recalled: Sequence[Recalled]) -> Iterator[Finding]:
    if subject.writes and not any(one.rows == "learned" for one in recalled):
        words = 2 * FEWEST_FOLLOW - 1
        yield Finding(
            Level.NOTE,
            "short-texts",
            f"Recall was not measured: no learned text or answer is long enough ({words} words) to "
            "be begun and gone on with.",
            where="audit: privacy, recall",
        )


def _most(subject: Subject) -> int:
    return WRITTEN if subject.writes else SCORED


def _inside(subject: Subject) -> list[Row]:
    """Rows that were learned, without planted ones: these are random by themselves."""
    planted = sum(one["times"] for one in subject.data.manifest.get(CANARIES, ()))
    count = subject.data.num_rows("train") - planted
    chosen = set(subject.draw(6).permutation(count)[: _most(subject)].tolist())
    rows = enumerate(subject.data.rows("train"))
    return [row for number, row in rows if number in chosen]


def _outside(subject: Subject) -> list[Row]:
    """Rows from the same source that were not: test rows of another source are other texts."""
    rows = list(subject.data.rows("validation"))
    if subject.recipe.data.test_source is None:
        rows += subject.test[0]
    known = set(subject.model.labels)
    fitting = [row for row in rows if not known or getattr(row, "label", None) in known]
    return subject.some(fitting, _most(subject), 7)


def _members(subject: Subject, inside: list[Row], outside: list[Row]) -> Iterator[Member]:
    by_model = {
        asked.who: row_logps(asked, [*inside, *outside], "learned and held-out rows")
        for asked in subject.asked
    }
    split = len(inside)
    for who, logps in by_model.items():
        beside = by_model.get("base") if who == "tuned" else None
        for attack, sign in signs(logps, beside).items():
            pair = sign[:split], sign[split:]
            yield Member(who, attack, auc(*pair), auc(*pair, comparisons=len(ATTACKS)))


def _written(
    subject: Subject, inside: list[Row], outside: list[Row]
) -> tuple[list[Recalled], list[Leaked]]:
    """What models that write make of beginnings, and what private data is in it."""
    if not subject.writes or not inside or not isinstance(inside[0], Text | Chat):
        return [], []
    found: list[Recalled] = []
    pairs: list[tuple[str, str]] = []
    for kind, rows in (("learned", inside), ("held out", outside)):
        parts = begun(rows)[:MOST_ROWS]
        if not parts:
            continue
        for asked in subject.asked:
            one = recall(asked, parts, kind)
            found.append(one)
            if asked.who == "tuned":
                pairs += zip([part.given for part in parts], one.written, strict=True)
    is_chat = subject.data.row_type == "chat" and bool(subject.rows)
    sample = subject.clean(subject.tuned) if is_chat else None
    if isinstance(sample, AnswerSample):
        pairs += zip(given_to(subject.rows), sample.answers, strict=True)
    return found, leaks(subject, pairs)
