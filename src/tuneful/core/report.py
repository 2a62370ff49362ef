"""Judgement in one shape: findings, tables and facts, the same from every stage."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Cell = str | int | float | bool | None


class Level(IntEnum):
    """How much a finding matters. An error stops the work before it spends time."""

    NOTE = 1
    WARNING = 2
    ERROR = 3

    @property
    def word(self) -> str:
        """The level as it stands in reports: "note", "warning" or "error"."""
        return self.name.lower()


@dataclass(frozen=True)
class Finding:
    """One thing worth knowing, with its proof.

    Attributes:
        level: How much it matters.
        code: Stable name, for gates and tests: "single-class".
        title: What was found, in one sentence, with the value.
        evidence: What shows it: counts, row numbers, examples.
        fix: What a person can do.
        where: The file, recipe key or run it concerns.
        change: Recipe keys and the values that mend it; empty where a person must decide.
    """

    level: Level
    code: str
    title: str
    evidence: str = ""
    fix: str = ""
    where: str = ""
    change: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def to_json(self) -> dict[str, Any]:
        """The finding as JSON values; `level` as its word."""
        return {**asdict(self), "level": self.level.word}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote."""
        known: dict[str, Any] = {**value, "level": Level[str(value["level"]).upper()]}
        return cls(**known)


@dataclass(frozen=True)
class Table:
    """Rows under named columns. Floats are shown with 4 significant digits."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    note: str = ""


@dataclass(frozen=True)
class Report:
    """What a stage has to say. Rendered by `core.render`.

    Attributes:
        title: What the report is about.
        findings: Judgements, in the order they were made.
        tables: Numbers for a person.
        facts: Numbers and names for a program; nested JSON values.
    """

    title: str
    findings: Sequence[Finding] = ()
    tables: Sequence[Table] = ()
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def worst(self) -> Level | None:
        """The highest level among the findings, or None where there are none."""
        return max((finding.level for finding in self.findings), default=None)

    def to_json(self) -> dict[str, Any]:
        """The report as JSON values."""
        return {
            "title": self.title,
            "findings": [finding.to_json() for finding in self.findings],
            "tables": [asdict(table) for table in self.tables],
            "facts": dict(self.facts),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote."""
        return cls(
            title=value["title"],
            findings=[Finding.from_json(item) for item in value["findings"]],
            tables=[Table(**item) for item in value["tables"]],
            facts=value["facts"],
        )
