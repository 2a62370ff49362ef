"""Test rows in a teacher's other words: which have none, and who looked whether they say the same.

The teacher, its replies, what is kept of them and the checks are those of the augmenter paraphrase.
"""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from tuneful.core.report import Finding, Level
from tuneful.core.units import rows as counted
from tuneful.data.augmenting.base import EDITABLE, Guard, Material, text_of
from tuneful.data.augmenting.paraphrase import Paraphrase, ParaphraseConfig
from tuneful.data.deriving.made import There
from tuneful.data.deriving.preserved import Head, HeldOutHead, Judge, NoCheck, learn_head
from tuneful.training.teacher_asked import Teachers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tuneful.auditing.audits.base import Subject
    from tuneful.data.augmenting.base import Try
    from tuneful.data.deriving.preserved import Check
    from tuneful.data.rows import Row

NAME = "paraphrase"
WHERE = "audit: robustness, paraphrase"
MOST_SHOWN = 3


@dataclass(frozen=True)
class Paraphrased:
    """Rows in other words.

    Attributes:
        rows: By their places among the disturbed rows.
        asked: Rows that the teacher was asked for.
        left_out: Rows without a version that was accepted, by reason.
        judged: Versions that the check could judge.
        unchecked: Why it judged none; "" where it did.
        teacher: Its name, where it is and the licence of what it writes.
        examples: Texts, each before and after.
    """

    rows: Mapping[int, Row]
    asked: int
    left_out: Mapping[str, int]
    judged: int
    unchecked: str
    teacher: Mapping[str, str]
    examples: Sequence[tuple[str, str]]

    def facts(self) -> dict[str, Any]:
        """For a program."""
        return {
            "asked": self.asked,
            "accepted": len(self.rows),
            "left_out": dict(self.left_out),
            "judged": self.judged,
            "unchecked": self.unchecked,
            **self.teacher,
            "examples": [list(pair) for pair in self.examples],
        }


def paraphrase(subject: Subject) -> Paraphrased | None:
    """Ask the recipe's teacher for other words of the rows that are disturbed.

    None where the recipe has no teacher, or its rows have no text to say anew.

    Raises:
        ModelError: The teacher is not to be found, or answers nobody.
        DataError: The ceiling of its cost is reached.
    """
    teacher, few = subject.settings.teacher, subject.few
    if teacher is None or subject.data.row_type not in EDITABLE:
        return None
    config = ParaphraseConfig(**teacher.model_dump(), share=1.0)
    listener = subject.listener
    teachers = Teachers(
        subject.data.hash, subject.seed, subject.store, listener, "audit.teacher", "audit"
    )
    with closing(teachers):
        told = {"teacher": config.model, **teachers.origin(config)}
        material = Material(few, lambda _: Guard(), subject.data.labels, ask=teachers.ask)
        tries = list(Paraphrase(config).make(material, subject.draw(5)))
        return _accepted(tries, few, _check(config, material, subject), told)


def _check(config: ParaphraseConfig, material: Material, subject: Subject) -> Check:
    if config.check == "judge":
        return Judge(material, config)
    if config.check == "none":
        return NoCheck("audit.teacher.check is none")
    head = learn_head(subject.data)
    return HeldOutHead(head, subject.few) if isinstance(head, Head) else head


def _accepted(
    tries: Sequence[Try], few: Sequence[Row], check: Check, teacher: Mapping[str, str]
) -> Paraphrased:
    """The versions that are new texts and that the check lets pass."""
    there = There.among(few)
    left_out: Counter[str] = Counter()
    new: list[Try] = []
    for one in tries:
        why = one.note if one.row is None else there.why_not(one)
        if why:
            left_out[why] += 1
        else:
            new.append(one)
    rows: dict[int, Row] = {}
    judged = 0
    for one, verdict in zip(new, check.verdicts(new) if new else [], strict=True):
        judged += verdict.is_judged
        if verdict.why:
            left_out[verdict.why] += 1
        else:
            rows[one.parents[0]] = cast("Row", one.row)
    rows = dict(sorted(rows.items()))
    unchecked = check.why if isinstance(check, NoCheck) else ""
    examples = [(text_of(few[at]), text_of(row)) for at, row in list(rows.items())[:MOST_SHOWN]]
    return Paraphrased(rows, len(few), left_out, judged, unchecked, teacher, examples)


def about_paraphrases(found: Paraphrased | None) -> Iterator[Finding]:
    """Notes where paraphrases were not audited, not of all rows, or not checked."""
    if found is None:
        yield Finding(
            Level.NOTE,
            "no-paraphrases",
            "Paraphrases were not audited: audit.teacher names no model that writes them.",
            fix="audit.teacher: {model: NAME, endpoint: {url: ADDRESS}}, or a local model.",
            where=WHERE,
        )
        return
    num_left = sum(found.left_out.values())
    if num_left:
        reasons = Counter(found.left_out).most_common()
        yield Finding(
            Level.NOTE,
            "paraphrases-left-out",
            f"{num_left} of {counted(found.asked)} have no paraphrase that was accepted and are "
            "left out" + ("; paraphrases were not audited." if not found.rows else "."),
            evidence=", ".join(f"{count} {why}" for why, count in reasons),
            fix="Where most are left out, ask a better teacher. What this one said is kept in the "
            "store's folder answers.",
            where=WHERE,
        )
    if found.rows and found.unchecked:
        yield Finding(
            Level.NOTE,
            "unchecked-paraphrases",
            "Nothing checked whether the paraphrases say the same as the rows.",
            evidence=found.unchecked,
            fix="audit.teacher.check: judge asks the teacher; or read them.",
            where=WHERE,
        )
