"""Robustness: what is lost where texts are written otherwise, attacked, or tested by a person."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, ClassVar

from tuneful.auditing.attack import Attack, Attacked
from tuneful.auditing.audits.base import Audited
from tuneful.auditing.behaviour import (
    about_behaviour,
    behaviour_table,
    look_at_behaviour,
    read_tests,
)
from tuneful.auditing.disturbed import about_disturbed, ask_disturbed, disturbed_table
from tuneful.auditing.intervals import share
from tuneful.auditing.paraphrases import about_paraphrases
from tuneful.core.report import Finding, Level, Table
from tuneful.data.augmenting.base import EDITABLE
from tuneful.evaluating.measures.classes import ClassSample
from tuneful.evaluating.summary import interval

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tuneful.auditing.audits.base import Subject
    from tuneful.core.report import Cell

MOST_SHOWN = 3
HALF = 0.5


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
        known, disturbed = ask_disturbed(subject)
        attacked = _attacked(subject)
        behaviour = look_at_behaviour(subject, tests)
        findings = [
            *about_disturbed(disturbed, known, subject.settings.tolerance),
            *about_paraphrases(subject.paraphrased),
            *_about_attack(attacked),
            *about_behaviour(behaviour),
        ]
        tables = [
            *disturbed_table(disturbed, known),
            *_attack_table(attacked),
            *behaviour_table(behaviour),
        ]
        facts = {
            "metric": known.title,
            "rows": len(subject.few),
            "disturbed": [asdict(one) for one in disturbed],
            "paraphrases": said.facts() if (said := subject.paraphrased) else None,
            "attack": _attack_facts(attacked),
            "tests": [asdict(one) for one in behaviour],
        }
        return Audited(findings, tables, facts)


def _attacked(subject: Subject) -> list[Attacked]:
    """Rows of one class that the model gets right, attacked."""
    sample = subject.clean(subject.tuned)
    if not isinstance(sample, ClassSample) or not subject.settings.attack_rows:
        return []
    pairs = zip(sample.chosen_N.tolist(), sample.truth_N.tolist(), subject.rows, strict=True)
    rows = [row for chosen, truth, row in pairs if chosen == truth][: subject.settings.attack_rows]
    return Attack(subject, rows).run() if rows else []


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
