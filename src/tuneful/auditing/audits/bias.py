"""Bias: what a model says moves with the people whom a text is about, before and after tuning.

See auditing.groups for the three ways to look. A finding needs an interval that lies beyond
`audit.tolerance`, wide enough to hold for all comparisons together (Bonferroni).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from tuneful.auditing.audits.base import Audited
from tuneful.auditing.groups import Effect, Flips, look_at_inserted, look_at_swaps, swaps
from tuneful.auditing.intervals import beyond, bounds, resampled, share
from tuneful.auditing.mentions import Compared, Few, look_at_mentions, num_rates
from tuneful.auditing.terms import axes
from tuneful.core.report import Finding, Level, Table
from tuneful.data.augmenting.base import EDITABLE
from tuneful.evaluating.summary import bare_interval, interval

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tuneful.auditing.audits.base import Subject
    from tuneful.auditing.fairness import Gap
    from tuneful.core.report import Cell
    from tuneful.evaluating.interval import Interval

MOST_SHOWN = 12
FEWEST_TEXTS = 20
"""Swapped texts, without which a mean shift says too little to judge by."""
WAYS = {
    "swapped": "with words of the group in place of another's",
    "inserted": "with a sentence about the group before them",
}


@dataclass(frozen=True)
class Moved:
    """An effect with its intervals.

    Attributes:
        shown: By model, and "added": tuned minus base.
        sure: The tuned model's, for all comparisons together.
    """

    effect: Effect
    texts: int
    shown: dict[str, Interval]
    sure: Interval


class Bias:
    """What a model says moves with the people whom a text is about."""

    needs_rows: ClassVar[bool] = True

    def look(self, subject: Subject) -> Audited:
        """Swap, insert, and compare rows as they are.

        Raises:
            RecipeError: `audit.terms` cannot be read.
        """
        if subject.data.row_type not in EDITABLE:
            return Audited(why_not=f"{subject.data.row_type} rows have no text to say anew")
        known = axes(subject.settings.terms)
        made = swaps(subject, known)
        swapped, flips = look_at_swaps(subject, made)
        effects = [*swapped, *look_at_inserted(subject, known)]
        effects = [effect for effect in effects if len(effect.values["tuned"])]
        comparisons = len(effects) + num_rates(subject, known) + len(flips)
        moved = [_moved(effect, subject, comparisons) for effect in effects]
        compared, few = look_at_mentions(subject, known, comparisons)
        tolerance = subject.settings.tolerance
        findings = [
            *_about_moved(moved, tolerance),
            *_about_flips(flips, tolerance, comparisons),
            *_about_gaps(compared, tolerance),
            *_about_few(few, bool(compared)),
            *_about_few_swaps(flips, subject),
        ]
        facts = {
            "axes": {axis.name: {"terms": axis.num_terms, "groups": axis.groups} for axis in known},
            "comparisons": comparisons,
            "tolerance": tolerance,
            "rows": len(subject.rows),
            "effects": [_facts(one) for one in moved],
            "flips": [_flip_facts(one) for one in flips],
            "groups": [asdict(one) for one in compared],
        }
        tables = [*_moved_table(moved, comparisons), *_flips_table(flips), *_gaps_table(compared)]
        return Audited(findings, tables, facts)


def _moved(effect: Effect, subject: Subject, comparisons: int) -> Moved:
    import numpy as np

    names = list(effect.values)
    columns = [effect.values[name] for name in names]
    if "base" in names:
        names.append("added")
        columns.append(effect.values["tuned"] - effect.values["base"])
    value_NK = np.array(columns).T
    num_texts = len(value_NK)
    mean_RK = resampled(value_NK, subject.recipe.evaluate.resamples, subject.seed) / num_texts
    mean_K = value_NK.mean(axis=0)
    shown = {name: bounds(float(mean_K[k]), mean_RK[:, k]) for k, name in enumerate(names)}
    sure = bounds(float(mean_K[0]), mean_RK[:, 0], comparisons)
    return Moved(effect, num_texts, shown, sure)


def _facts(one: Moved) -> dict[str, Any]:
    effect = one.effect
    named = {"way": effect.way, "axis": effect.axis, "group": effect.group, "score": effect.score}
    return {**named, "texts": one.texts, **{k: asdict(v) for k, v in one.shown.items()}}


def _flip_facts(one: Flips) -> dict[str, Any]:
    return {
        "axis": one.axis,
        "rows": one.rows,
        "example": one.example,
        **{who: asdict(share(sum(own), len(own))) for who, own in one.flipped.items()},
    }


def _about_moved(moved: Sequence[Moved], tolerance: float) -> Iterator[Finding]:
    for one in moved:
        if one.texts < FEWEST_TEXTS or not beyond(one.sure, tolerance):
            continue
        effect, tuned = one.effect, one.shown["tuned"]
        added = one.shown.get("added")
        is_new = added is not None and tuned.value * added.value > 0 and beyond(added, 0)
        more = "more" if tuned.value > 0 else "less"
        yield Finding(
            Level.WARNING,
            "bias",
            f"Texts {WAYS[effect.way]} get {_points(abs(tuned.value))} {more} "
            f"{effect.score!r}: {effect.group} ({effect.axis}).",
            evidence=f"{_shown(tuned)} in {one.texts} texts"
            + (f"; before tuning {_shown(one.shown['base'])}" if "base" in one.shown else "")
            + ("; tuning added it" if is_new else ""),
            fix="Add the same rows about the other groups: data.augment: [{name: counterfactual, "
            "share: 1}], with pairs for words of your own; then audit again.",
            where=f"audit: bias, {effect.axis}",
        )


def _about_flips(flips: Sequence[Flips], tolerance: float, comparisons: int) -> Iterator[Finding]:
    for one in flips:
        flipped = one.flipped["tuned"]
        if one.rows < FEWEST_TEXTS or share(sum(flipped), one.rows, comparisons).low <= tolerance:
            continue
        before = one.flipped.get("base", ())
        yield Finding(
            Level.WARNING,
            "flips",
            f"{sum(flipped)} of {one.rows} texts come out otherwise once words of {one.axis} are "
            "swapped.",
            evidence=f"{interval(asdict(share(sum(flipped), one.rows)), is_share=True)}"
            + (f"; before tuning {sum(before)}" if before else "")
            + f"; {one.example}",
            fix="See whether the words may decide; if not, data.augment: [counterfactual].",
            where=f"audit: bias, {one.axis}",
        )


def _about_gaps(compared: Sequence[Compared], tolerance: float) -> Iterator[Finding]:
    for one in compared:
        for gap in one.gaps["tuned"]:
            if not beyond(gap.sure, tolerance):
                continue
            before = next((g for g in one.gaps.get("base", ()) if g.what == gap.what), None)
            yield Finding(
                Level.WARNING,
                "gap",
                f"Rows that mention {one.group} ({one.axis}) differ from the others in "
                f"{gap.what} of {one.score!r} by {_shown(gap.shown)}.",
                evidence=f"{one.rows} rows against {one.others}"
                + (f"; before tuning {_shown(before.shown)}" if before else ""),
                fix="Look at these rows' labels, and train on more of them.",
                where=f"audit: bias, {one.axis}",
            )


def _about_few(few: Sequence[Few], has_others: bool) -> Iterator[Finding]:
    if few:
        named = ", ".join(f"{one.group} {one.rows}" for one in few)
        yield Finding(
            Level.NOTE,
            "few-mentions",
            f"{len(few)} groups are mentioned in too few rows to compare their error rates.",
            evidence=named + ("" if has_others else "; no group in enough"),
            fix="Raise audit.rows and data.take.test, or test on rows that mention them.",
            where="audit.rows",
        )


def _about_few_swaps(flips: Sequence[Flips], subject: Subject) -> Iterator[Finding]:
    """A note where there are too few texts on every axis to find a flip in."""
    few = [one for one in flips if one.rows < FEWEST_TEXTS]
    if len(few) < len(flips):
        return
    is_compared = subject.writes and not subject.settings.graders
    evidence = [f"{one.axis} {one.rows}" for one in few] or ["no text mentions anybody"]
    if is_compared:
        evidence.append("answers were only compared, for audit.graders names nobody")
    yield Finding(
        Level.NOTE,
        "few-swaps",
        f"No axis has {FEWEST_TEXTS} texts whose people could be swapped: too few to judge by.",
        evidence=", ".join(evidence),
        fix="Raise audit.rows" + (", and name audit.graders." if is_compared else "."),
        where="audit: bias",
    )


def _points(value: float) -> str:
    return f"{value * 100:.1f} points"


def _shown(found: Interval) -> str:
    return bare_interval(asdict(found), is_share=True, sign=True)


def _moved_table(moved: Sequence[Moved], comparisons: int) -> Iterator[Table]:
    if not moved:
        return
    most = sorted(moved, key=lambda one: -abs(one.shown["tuned"].value))[:MOST_SHOWN]
    rows: list[list[Cell]] = [
        [
            f"{one.effect.axis}: {one.effect.group}",
            one.effect.way,
            one.effect.score,
            one.texts,
            *(_shown(one.shown[k]) if k in one.shown else None for k in ("base", "tuned", "added")),
        ]
        for one in most
    ]
    note = (
        f"How much more of a score the same texts get when they are about the group, in points of "
        f"probability; the {len(most)} largest of {len(moved)}. 95 % intervals over texts; "
        f"findings allow for {comparisons} comparisons."
    )
    columns = ["group", "way", "score", "texts", "base", "tuned", "tuned - base"]
    yield Table("The same text about others", columns, rows, note)


def _flips_table(flips: Sequence[Flips]) -> Iterator[Table]:
    if not flips:
        return
    rows: list[list[Cell]] = []
    for one in flips:
        cells: list[Cell] = [
            interval(asdict(share(sum(own), len(own))), is_share=True)
            if (own := one.flipped.get(who))
            else None
            for who in ("base", "tuned")
        ]
        rows.append([one.axis, one.rows, *cells])
    note = "Texts that come out otherwise once the words of an axis have changed places."
    yield Table("Flipped by a swap", ["axis", "texts", "base", "tuned"], rows, note)


def _gaps_table(compared: Sequence[Compared]) -> Iterator[Table]:
    if not compared:
        return
    rows: list[list[Cell]] = []
    for one in compared:
        for gap in one.gaps["tuned"]:
            before = next((g for g in one.gaps.get("base", ()) if g.what == gap.what), None)
            cells: list[Cell] = [_of(before), _of(gap)]
            rows.append([f"{one.axis}: {one.group}", f"{gap.what}, {one.score}", one.rows, *cells])
    note = (
        "Rows that mention a group alone, minus rows that mention another of its axis, in points. "
        "Selection beyond truth: how much more often the class is chosen than the labels have it."
    )
    columns = ["group", "rate", "rows", "base", "tuned"]
    yield Table("Rows that mention a group", columns, rows, note)


def _of(gap: Gap | None) -> str | None:
    return None if gap is None else _shown(gap.shown)
