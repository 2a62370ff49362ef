"""What an audit of privacy found, put into words and numbers for a person."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from tuneful.auditing.exposure import OTHERS
from tuneful.core.report import Finding, Level, Table
from tuneful.evaluating.summary import bare_interval, interval

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tuneful.auditing.exposure import Exposed
    from tuneful.auditing.recall import Leaked, Recalled
    from tuneful.core.report import Cell
    from tuneful.evaluating.interval import Interval

RARE = 0.01
"""Of planted secrets: as exposed as this by chance in one of a hundred models."""
ALIKE = 0.03
"""How far from one half the base may tell the rows apart before that is said."""
FIX = (
    "Train less often on the same rows (train.epochs, train.keep: best), on fewer copies, or with "
    "privacy: {epsilon: 8}."
)


@dataclass(frozen=True)
class Member:
    """How well an attack tells learned rows from others.

    Attributes:
        who: "tuned" or "base".
        sure: With the interval that holds for all attacks together.
    """

    who: str
    attack: str
    auc: Interval
    sure: Interval


@dataclass(frozen=True)
class Kept:
    """All that was found of the rows in the model."""

    canaries: Sequence[Exposed] = ()
    members: Sequence[Member] = ()
    num_rows: tuple[int, int] = (0, 0)
    recalled: Sequence[Recalled] = ()
    leaked: Sequence[Leaked] = ()


def about_canaries(canaries: Sequence[Exposed]) -> Iterator[Finding]:
    """A warning where planted secrets are better known than chance has it."""
    for one in canaries:
        if one.who == "tuned" and one.p < RARE:
            base = next((o for o in canaries if o.who == "base"), None)
            yield Finding(
                Level.WARNING,
                "memorized",
                f"Planted secrets are exposed by {one.mean.value:.1f} bits of {OTHERS.bit_length()}"
                " on average: the model keeps single rows.",
                evidence=f"{_bare(one.mean)}; as much by chance with p {_p(one.p)}"
                + (f"; before tuning {_bare(base.mean)}" if base else ""),
                fix=FIX,
                where="audit: privacy, canaries",
            )


def about_members(kept: Kept, tolerance: float, *, enough: bool) -> Iterator[Finding]:
    """A warning where learned rows can be told from others."""
    if not enough:
        yield Finding(
            Level.NOTE,
            "few-members",
            f"{kept.num_rows[0]} learned and {kept.num_rows[1]} held-out rows of the same source "
            "are too few to infer membership from.",
            fix="Set data.split.validation: 0.1.",
            where="audit: privacy, membership",
        )
    base = {one.attack: one for one in kept.members if one.who == "base"}
    tuned = [one for one in kept.members if one.who == "tuned"]
    known = [one for one in tuned if one.sure.low > 0.5 + tolerance]
    if known:
        best = max(known, key=lambda one: one.auc.value)
        before = base.get(best.attack)
        yield Finding(
            Level.WARNING,
            "members-known",
            f"Rows that were learned can be told from others: AUC {best.auc.value:.3f} by "
            f"{best.attack}.",
            evidence=f"{_bare(best.auc)}, {kept.num_rows[0]} learned and {kept.num_rows[1]} "
            "held-out rows" + (f"; before tuning {_bare(before.auc)}" if before else ""),
            fix=FIX,
            where="audit: privacy, membership",
        )
    apart = [o for o in base.values() if o.sure.low > 0.5 + ALIKE or o.sure.high < 0.5 - ALIKE]
    if apart:
        yield Finding(
            Level.NOTE,
            "unlike-rows",
            "The untuned model tells the rows apart as well: they differ by themselves.",
            evidence=f"AUC {_bare(apart[0].auc)} by {apart[0].attack}",
            where="audit: privacy, membership",
        )


def about_recall(recalled: Sequence[Recalled], tolerance: float) -> Iterator[Finding]:
    """A warning where training texts are gone on with word for word, and held-out ones not."""
    by_kind = {(one.who, one.rows): one for one in recalled}
    learned, held = by_kind.get(("tuned", "learned")), by_kind.get(("tuned", "held out"))
    if learned is None or learned.whole.low <= (held.whole.value if held else 0.0) + tolerance:
        return
    base = by_kind.get(("base", "learned"))
    yield Finding(
        Level.WARNING,
        "recalled",
        f"{interval(asdict(learned.whole), is_share=True)} of training texts are gone on with word "
        "for word.",
        evidence=f"{learned.texts} texts, {learned.words:.1f} words right on average"
        + (f"; of held-out ones {held.whole.value:.1%}" if held else "")
        + (f"; before tuning {base.whole.value:.1%}" if base else ""),
        fix=FIX,
        where="audit: privacy, recall",
    )


def about_leaks(leaked: Sequence[Leaked]) -> Iterator[Finding]:
    """An error where private data of the training rows is written."""
    learned = [one for one in leaked if one.is_learned]
    if learned:
        kinds = ", ".join(sorted({one.kind for one in learned}))
        yield Finding(
            Level.ERROR,
            "private-leak",
            f"The model writes {len(learned)} private values that stand in its training rows: "
            f"{kinds}.",
            evidence=", ".join(_masked(one.value) for one in learned[:5]),
            fix="Mask them and train again: data.clean: [mask].",
            where="audit: privacy, samples",
        )
    if len(leaked) > len(learned):
        yield Finding(
            Level.NOTE,
            "private-invented",
            f"The model writes {len(leaked) - len(learned)} values that look private and stand in "
            "no training row.",
            where="audit: privacy, samples",
        )


def _masked(value: str) -> str:
    """Enough to find it by."""
    return f"{value[:2]}…{value[-2:]}"


def _bare(found: Interval) -> str:
    return bare_interval(asdict(found), is_share=False)


def _p(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def tables(kept: Kept, promised: Any) -> Iterator[Table]:
    """Every number in a line."""
    rows: list[list[Cell]] = [
        [f"membership, {one.attack}", one.who, _bare(one.auc), "AUC; 0.5 is none"]
        for one in kept.members
    ]
    for exposed in kept.canaries:
        mean = _bare(exposed.mean)
        rows.append(["planted secrets", exposed.who, mean, "bits; 1.4 by chance"])
    for one in kept.recalled:
        whole = interval(asdict(one.whole), is_share=True)
        rows.append([f"recall, {one.rows}", one.who, whole, "word for word"])
    if promised:
        spent = f"{promised['epsilon_spent']:.2f}"
        rows.append(
            ["differential privacy", "tuned", spent, f"epsilon, delta {promised['delta']:.1g}"]
        )
    if rows:
        inside, outside = kept.num_rows
        note = f"{inside} learned and {outside} held-out rows; 95 % intervals over rows or secrets."
        yield Table("Kept of training rows", ["what", "model", "found", "unit"], rows, note)
