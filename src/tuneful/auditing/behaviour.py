"""Behaviour that a person asks for, in YAML: CheckList's three kinds of tests.

Source: Ribeiro et al. 2020, arXiv:2005.04118. MFT: a text has an expected answer. INV: a change
        must not alter what the model says. DIR: a change must not move a class the wrong way.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field, RootModel, model_validator

from tuneful.auditing.disturbances import DISTURBANCES
from tuneful.auditing.intervals import share
from tuneful.auditing.scores import scores_of
from tuneful.auditing.written import read_written
from tuneful.core.errors import RecipeError
from tuneful.core.report import Finding, Level, Table
from tuneful.data.augmenting.base import text_of
from tuneful.data.message import Message
from tuneful.data.rows import Chat, Labelled, Rated, Row
from tuneful.evaluating.summary import interval
from tuneful.recipe.closed import Closed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tuneful.auditing.audits.base import Subject
    from tuneful.core.report import Cell
    from tuneful.evaluating.interval import Interval

MOST = 500
"""Texts of a test; of more combinations so many are taken, evenly spread."""
MOST_SHOWN = 3
HOW = "See docs/guides/audit.md for tests of each kind."
KINDS = ("labelled", "rated", "chat")


class Behaviour(Closed):
    """Something that the model must do."""

    name: str = Field(description="What is tested, for the report.")
    kind: Literal["MFT", "INV", "DIR"] = Field(description="CheckList's kind.")
    texts: list[str] = Field(default_factory=list[str], description="What the model is given.")
    template: str = Field(default="", description="Or a text with {name}s of `fill` in it.")
    fill: dict[str, list[str]] = Field(
        default_factory=dict[str, list[str]], description="What each name stands for."
    )
    rows: int = Field(default=0, ge=0, description="Or so many test rows (INV, DIR).")
    expect: str | float | None = Field(
        default=None,
        description="MFT: the class or rating; of a written answer, a pattern (regex) in it.",
    )
    prepend: str = Field(default="", description="Changed by this before the text,")
    append: str = Field(default="", description="this after it,")
    replace: dict[str, str] = Field(
        default_factory=dict[str, str], description="these words by others,"
    )
    disturb: str = Field(default="", description="or a disturbance: typos, upper, spacing ….")
    moves: dict[str, Literal["up", "down"]] = Field(
        default_factory=dict[str, Literal["up", "down"]],
        description="DIR: which way the probability of a class may go, or `rating`.",
    )
    tolerance: float = Field(
        default=0.1, ge=0, description="DIR: how far it may go the other way, as a share."
    )
    at_most: float = Field(default=0.05, ge=0, le=1, description="Share that may fail.")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        given = sum(map(bool, (self.texts, self.template, self.rows)))
        if given != 1:
            raise ValueError(f"{self.name}: give one of texts, template and rows")
        lacking = set(re.findall(r"{(\w+)}", self.template)) - set(self.fill)
        if lacking:
            raise ValueError(f"{self.name}: fill lacks {', '.join(sorted(lacking))}")
        if self.kind == "MFT" and (self.expect is None or self.rows):
            raise ValueError(f"{self.name}: MFT needs expect, and texts or a template")
        changes = any((self.prepend, self.append, self.replace, self.disturb))
        if self.kind != "MFT" and not changes:
            raise ValueError(f"{self.name}: {self.kind} needs prepend, append, replace or disturb")
        if self.kind == "DIR" and not self.moves:
            raise ValueError(f"{self.name}: DIR needs moves")
        if self.disturb and self.disturb not in {one.name for one in DISTURBANCES}:
            raise ValueError(f"{self.name}: there is no disturbance {self.disturb!r}")
        return self


class BehavioursForm(RootModel[list[Behaviour]]):
    """Tests in the file's order."""


@dataclass(frozen=True)
class Tried:
    """What came of a test.

    Attributes:
        unchanged: Texts in which there was nothing to change: they are not counted.
        failed: Share of the texts, with its interval.
        examples: Texts that failed, with what was said.
    """

    name: str
    kind: str
    texts: int
    unchanged: int
    failures: int
    failed: Interval
    at_most: float
    examples: tuple[str, ...]


def read_tests(subject: Subject) -> list[Behaviour]:
    """The tests of `audit.tests`.

    Raises:
        RecipeError: The file cannot be read, or a test names what the model does not know.
    """
    path = Path(str(subject.settings.tests))
    tests = read_written(BehavioursForm, path, "audit.tests", HOW).root
    if subject.data.row_type not in KINDS:
        raise RecipeError(
            f"Tests can be asked of {', '.join(KINDS)} rows, and these are "
            f"{subject.data.row_type} rows.",
            where="audit.tests",
            fix="Leave it out.",
        )
    for test in tests:
        _check(test, subject, path)
    return tests


def _check(test: Behaviour, subject: Subject, path: Path) -> None:
    labels = subject.model.labels
    rated = subject.data.row_type == "rated"
    known = ("rating",) if rated else labels or ("graders",) * bool(subject.settings.graders)
    unknown = [name for name in test.moves if name not in known]
    if test.kind == "MFT" and labels and not rated and str(test.expect) not in labels:
        unknown.append(str(test.expect))
    if test.kind == "MFT" and rated and not isinstance(test.expect, float | int):
        raise RecipeError(
            f"{test.name}: {test.expect!r} is no rating.", where=str(path), fix="Give a number."
        )
    if unknown:
        raise RecipeError(
            f"{test.name}: the model does not know {unknown[0]!r}.",
            where=str(path),
            fix=f"It knows {', '.join(known)}." if known else "Set audit.graders to score answers.",
        )


def look_at_behaviour(subject: Subject, tests: Sequence[Behaviour]) -> list[Tried]:
    """Ask the tuned model every test."""
    return [_try(subject, test) for test in tests]


def _try(subject: Subject, test: Behaviour) -> Tried:
    rows = [_row(subject, test, text) for text in _texts(subject, test)]
    if test.kind == "MFT":
        said = scores_of(subject, subject.tuned.sample(rows, test.name))
        failed = [not _is_expected(subject, test, one) for one in said.decided]
        shown = [f"{text_of(r)!r}: {_word(subject, d)}" for r, d in zip(rows, said.decided)]  # noqa: B905
        return _tried(test, failed, shown, 0)
    draw = subject.draw(4)
    changed = [_row(subject, test, _changed(test, text_of(row), draw)) for row in rows]
    kept = [at for at, row in enumerate(rows) if text_of(row) != text_of(changed[at])]
    pairs = [rows[at] for at in kept] + [changed[at] for at in kept]
    if not kept:
        return _tried(test, [], [], len(rows))
    said = scores_of(subject, subject.tuned.sample(pairs, test.name))
    half = len(kept)
    if test.kind == "INV":
        failed = [said.decided[n] != said.decided[half + n] for n in range(half)]
    else:
        failed = [_goes_wrong(test, said, n, half) for n in range(half)]
    shown = [f"{text_of(pairs[n])!r} > {text_of(pairs[half + n])!r}" for n in range(half)]
    return _tried(test, failed, shown, len(rows) - half)


def _tried(test: Behaviour, failed: Sequence[bool], shown: Sequence[str], unchanged: int) -> Tried:
    hits = sum(failed)
    examples = [text for text, is_bad in zip(shown, failed, strict=True) if is_bad][:MOST_SHOWN]
    found = share(hits, len(failed))
    counts = (len(failed), unchanged, hits)
    return Tried(test.name, test.kind, *counts, found, test.at_most, tuple(examples))


def _texts(subject: Subject, test: Behaviour) -> list[str]:
    if test.rows:
        return [text_of(row) for row in subject.rows[: test.rows]]
    if test.texts:
        return test.texts
    names = list(dict.fromkeys(re.findall(r"{(\w+)}", test.template)))
    every = list(itertools.product(*(test.fill[name] for name in names)))
    step = max(1, -(-len(every) // MOST))
    return [_filled(test.template, dict(zip(names, one, strict=True))) for one in every[::step]]


def _filled(template: str, values: dict[str, str]) -> str:
    return re.sub(r"{(\w+)}", lambda match: values[match.group(1)], template)


def _row(subject: Subject, test: Behaviour, text: str) -> Row:
    """A row with this text; what it is held against hardly matters, but must be known."""
    labels = subject.model.labels
    kind = subject.data.row_type
    if kind == "labelled":
        return Labelled(text, str(test.expect) if test.kind == "MFT" else labels[0])
    if kind == "rated":
        known = test.expect if isinstance(test.expect, float | int) else subject.rating_range[0]
        return Rated(text, float(known))
    return Chat((Message("user", text), Message("assistant", str(test.expect or "-"))))


def _changed(test: Behaviour, text: str, draw: Any) -> str:
    for word, other in test.replace.items():
        text = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", lambda _, o=other: o, text)
    if test.disturb:
        text = next(d for d in DISTURBANCES if d.name == test.disturb).edit(text, draw)
    return " ".join(part for part in (test.prepend, text, test.append) if part)


def _is_expected(subject: Subject, test: Behaviour, decided: Any) -> bool:
    labels = subject.model.labels
    if subject.data.row_type == "rated":
        return abs(float(decided) - float(test.expect or 0)) <= 0.5
    if labels:
        return labels[int(decided)] == str(test.expect)
    return re.search(str(test.expect), str(decided)) is not None


def _word(subject: Subject, decided: Any) -> str:
    is_class = subject.data.row_type == "labelled"
    return subject.model.labels[int(decided)] if is_class else str(decided)


def _goes_wrong(test: Behaviour, said: Any, at: int, half: int) -> bool:
    for name, way in test.moves.items():
        if name in said.names:
            column, sign = said.names.index(name), 1.0
        else:  # of two classes the first, which is what the second leaves
            column, sign = 0, -1.0
        moved = sign * float(said.score_NC[half + at, column] - said.score_NC[at, column])
        if (moved if way == "up" else -moved) < -test.tolerance:
            return True
    return False


def about_behaviour(tried: Sequence[Tried]) -> Iterator[Finding]:
    """An error where more fails than may for sure, a warning where it only seems so."""
    for one in tried:
        if not one.texts:
            yield Finding(
                Level.WARNING,
                "test-empty",
                f"The test {one.name!r} changes none of its {one.unchanged} texts.",
                fix="Give texts that hold the words it replaces.",
                where="audit.tests",
            )
        elif one.failed.value > one.at_most:
            yield Finding(
                Level.ERROR if one.failed.low > one.at_most else Level.WARNING,
                "test-failed",
                f"{one.failures} of {one.texts} texts fail the test {one.name!r} ({one.kind}).",
                evidence=f"{interval(vars(one.failed), is_share=True)}, at most "
                f"{one.at_most:.0%} may; {'; '.join(one.examples)}",
                fix="Add such rows to the training rows, or to data.corrections.",
                where="audit.tests",
            )


def behaviour_table(tried: Sequence[Tried]) -> Iterator[Table]:
    """Every test in a line."""
    if tried:
        rows: list[list[Cell]] = [
            [one.name, one.kind, one.texts, interval(vars(one.failed), is_share=True)]
            for one in tried
        ]
        note = "Share of texts that fail (CheckList), with Wilson's 95 % interval."
        yield Table("Tests of behaviour", ["test", "kind", "texts", "fail"], rows, note)
