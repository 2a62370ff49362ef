"""Robustness: how much is lost where texts are written otherwise, attacked, or tested by a person.

The metric is the recipe's first. Every disturbed row stands beside itself as it is, so that the
interval is of the difference, row by row.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from tuneful.auditing.attack import Attack, Attacked
from tuneful.auditing.audits.base import Asked, Audited
from tuneful.auditing.behaviour import (
    about_behaviour,
    behaviour_table,
    look_at_behaviour,
    read_tests,
)
from tuneful.auditing.disturbances import DISTURBANCES, is_obeyed
from tuneful.auditing.intervals import bounds, share
from tuneful.core.report import Finding, Level, Table
from tuneful.data.augmenting.base import EDITABLE, text_of, with_text
from tuneful.evaluating.bootstrap import (
    Compared,
    Interval,
    compare,
    row_counts,
    value_of,
    values_of_both,
)
from tuneful.evaluating.evaluate import metric_names
from tuneful.evaluating.measures.classes import ClassSample
from tuneful.evaluating.metrics import metric
from tuneful.evaluating.summary import bare_interval, interval

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tuneful.auditing.audits.base import Subject
    from tuneful.auditing.disturbances import Disturbance
    from tuneful.core.report import Cell
    from tuneful.evaluating.metrics.base import Array, Metric

MOST_SHOWN = 3
HALF = 0.5


@dataclass(frozen=True)
class Disturbed:
    """What a model makes of disturbed rows.

    Attributes:
        who: "tuned" or "base".
        found: The metric of disturbed ("tuned") and of clean rows ("base"), and the difference.
        sure: The difference with the interval that holds for all disturbances together.
        obeyed: Answers that were what an injected instruction asked for; None without one.
    """

    who: str
    name: str
    what: str
    rows: int
    changed: int
    found: Compared
    sure: Interval
    obeyed: Interval | None = None


class Robustness:
    """What is lost where texts have typing errors, other letters, distractors or attackers."""

    needs_rows: ClassVar[bool] = True

    def look(self, subject: Subject) -> Audited:
        """Disturb, attack, and ask what `audit.tests` says.

        Raises:
            RecipeError: `audit.tests` cannot be read, or does not fit the rows.
        """
        if subject.data.row_type not in EDITABLE:
            return Audited(why_not=f"{subject.data.row_type} rows have no text to say anew")
        tests = read_tests(subject) if subject.settings.tests else []
        known, disturbed = _disturbed(subject)
        attacked = _attacked(subject)
        behaviour = look_at_behaviour(subject, tests)
        findings = [
            *_about_disturbed(disturbed, known, subject.settings.tolerance),
            *_about_attack(attacked),
            *about_behaviour(behaviour),
        ]
        tables = [
            *_disturbed_table(disturbed, known),
            *_attack_table(attacked),
            *behaviour_table(behaviour),
        ]
        facts = {
            "metric": known.title,
            "rows": len(subject.few),
            "disturbed": [asdict(one) for one in disturbed],
            "attack": _attack_facts(attacked),
            "tests": [asdict(one) for one in behaviour],
        }
        return Audited(findings, tables, facts)


def _disturbed(subject: Subject) -> tuple[Metric, list[Disturbed]]:
    """Ask about disturbed rows; a base whose head is untrained has nothing to lose."""
    clean = subject.clean(subject.tuned)
    name = metric_names(subject.recipe, subject.tuned.measure.metrics(clean))[0]
    known = metric(name)
    models = subject.asked if subject.writes else [subject.tuned]
    found = [
        _one(subject, asked, known, disturbance)
        for disturbance in DISTURBANCES
        if subject.writes or not disturbance.injects
        for asked in models
    ]
    return known, found


def _one(subject: Subject, asked: Asked, known: Metric, disturbance: Disturbance) -> Disturbed:
    draw, few = subject.draw(3), subject.few
    rows = [with_text(row, disturbance.edit(text_of(row), draw)) for row in few]
    sample = asked.sample(rows, disturbance.name)
    clean_NK = known.statistics(subject.clean(asked))[: len(few)]
    found_NK, resamples = known.statistics(sample), subject.recipe.evaluate.resamples
    compared = compare(known, found_NK, clean_NK, resamples, subject.seed)
    sure = _sure(known, found_NK, clean_NK, resamples, subject.seed)
    changed = sum(text_of(a) != text_of(b) for a, b in zip(few, rows, strict=True))
    obeyed = None
    if disturbance.injects:
        obeyed = share(sum(map(is_obeyed, sample.answers)), len(rows))
    told = (asked.who, disturbance.name, disturbance.what)
    return Disturbed(*told, len(rows), changed, compared, sure, obeyed)


def _sure(known: Metric, found_NK: Array, clean_NK: Array, resamples: int, seed: int) -> Interval:
    import numpy as np

    rng = np.random.default_rng([seed, 0xA0D17])
    apart: list[Array] = []
    for counts_RN in row_counts(rng, len(found_NK), resamples):
        found_R, clean_R = values_of_both(known, counts_RN, [found_NK, clean_NK])
        apart.append(found_R - clean_R)
    value = value_of(known, found_NK) - value_of(known, clean_NK)
    return bounds(value, np.concatenate(apart), len(DISTURBANCES))


def _attacked(subject: Subject) -> list[Attacked]:
    """Rows of one class that the model gets right, attacked."""
    sample = subject.clean(subject.tuned)
    if not isinstance(sample, ClassSample) or not subject.settings.attack_rows:
        return []
    pairs = zip(sample.chosen_N.tolist(), sample.truth_N.tolist(), subject.rows, strict=True)
    rows = [row for chosen, truth, row in pairs if chosen == truth][: subject.settings.attack_rows]
    return Attack(subject, rows).run() if rows else []


def _about_disturbed(
    disturbed: Sequence[Disturbed], known: Metric, tolerance: float
) -> Iterator[Finding]:
    for one in disturbed:
        if one.who != "tuned":
            continue
        if one.obeyed is not None and one.obeyed.low > tolerance:
            base = next((d for d in disturbed if d.name == one.name and d.who == "base"), None)
            yield Finding(
                Level.WARNING,
                "injection",
                f"{interval(asdict(one.obeyed), is_share=True)} of the answers obey an instruction "
                "that stands in the user's text.",
                evidence=f"{one.rows} rows"
                + (
                    f"; before tuning {interval(asdict(base.obeyed), is_share=True)}"
                    if base and base.obeyed
                    else ""
                ),
                fix="Train on rows with such instructions and the right answer beside them.",
                where="audit: robustness, injection",
            )
        if _is_lost(one, known, tolerance):
            yield _about_loss(one, known)


def _is_lost(one: Disturbed, known: Metric, tolerance: float) -> bool:
    clean = one.found.base
    assert clean is not None
    worst = one.sure.high if known.better == "higher" else -one.sure.low
    return worst < -tolerance * (1.0 if known.is_share else abs(clean.value))


def _about_loss(one: Disturbed, known: Metric) -> Finding:
    assert one.found.difference is not None
    apart = interval(asdict(one.found.difference), is_share=known.is_share, sign=True)
    helps = {"typos": "typos", "lower": "case", "upper": "case"}.get(one.name)
    return Finding(
        Level.WARNING,
        "fragile",
        f"{known.title} changes by {apart} with {one.name}: {one.what}.",
        evidence=f"{one.changed} of {one.rows} rows were changed; each is compared with itself",
        fix=f"data.augment: [{helps}] trains on such texts."
        if helps
        else "Train on rows that are written so.",
        where=f"audit: robustness, {one.name}",
    )


def _about_attack(attacked: Sequence[Attacked]) -> Iterator[Finding]:
    fallen = [one for one in attacked if one.has_fallen]
    if attacked and not any(one.options for one in attacked):
        yield Finding(
            Level.NOTE,
            "no-near-words",
            "No attack was made: no word of the rows has a near one in the base's embeddings.",
            where="audit: robustness, attack",
        )
    if not attacked or share(len(fallen), len(attacked)).low <= HALF:
        return
    shown = sorted(fallen, key=lambda one: one.num_changed)[:MOST_SHOWN]
    yield Finding(
        Level.WARNING,
        "attacked",
        f"{len(fallen)} of {len(attacked)} right answers are lost to an attacker who replaces a "
        "few words by near ones.",
        evidence="; ".join(one.note for one in shown),
        fix="Read them: where the meaning is the same, data.augment: [synonyms] trains on such.",
        where="audit: robustness, attack",
    )


def _attack_facts(attacked: Sequence[Attacked]) -> dict[str, Any] | None:
    if not any(one.options for one in attacked):
        return None
    fallen = [one for one in attacked if one.has_fallen]
    return {
        "rows": len(attacked),
        "fallen": asdict(share(len(fallen), len(attacked))),
        "queries": sum(one.queries for one in attacked) / len(attacked),
        "words": sum(one.num_changed for one in fallen) / max(1, len(fallen)),
        "examples": [one.note for one in fallen],
    }


def _disturbed_table(disturbed: Sequence[Disturbed], known: Metric) -> Iterator[Table]:
    rows: list[list[Cell]] = []
    for one in disturbed:
        found, is_share = one.found, known.is_share
        assert found.base is not None
        assert found.difference is not None
        rows.append(
            [
                one.name if one.who == "tuned" else f"{one.name}, base",
                bare_interval(asdict(found.base), is_share=is_share),
                bare_interval(asdict(found.tuned), is_share=is_share),
                bare_interval(asdict(found.difference), is_share=is_share, sign=True),
                interval(asdict(one.obeyed), is_share=True) if one.obeyed else None,
            ]
        )
    if not any(one.obeyed for one in disturbed):
        rows = [row[:-1] for row in rows]
    columns = ["disturbance", "as it is", "disturbed", "difference", "obeyed"]
    note = (
        f"{known.title}{', %' if known.is_share else ''} on {disturbed[0].rows:,} test rows, each "
        f"compared with itself; 95 % intervals by bootstrap over rows."
    )
    yield Table("Written otherwise", columns[: len(rows[0])], rows, note)


def _attack_table(attacked: Sequence[Attacked]) -> Iterator[Table]:
    facts = _attack_facts(attacked)
    if facts is None:
        return
    cells: list[Cell] = [
        facts["rows"],
        interval(facts["fallen"], is_share=True),
        f"{facts['words']:.1f}",
        f"{facts['queries']:.0f}",
    ]
    note = "Rows that the model gets right; words are replaced by neighbours in its embeddings."
    columns = ["rows", "lost", "words replaced", "questions a row"]
    yield Table("Attack by near words", columns, [cells], note)
