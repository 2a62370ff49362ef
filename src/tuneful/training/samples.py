"""What became of a run's answers: rewards at its beginning and end, scores that were missing."""

from __future__ import annotations

import statistics
from collections import Counter
from typing import TYPE_CHECKING

from tuneful.core.report import Finding, Level, Report, Table
from tuneful.training import rounds

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tuneful.core.report import Cell
    from tuneful.training.rounds import Round, Said

TENTH = 0.1
"""Of the rounds, compared at either end."""
MUCH = 0.05
"""Share of answers without a score that deserves a warning."""
SHOWN = 3


def summarize(folder: Path) -> Report:
    """The report of a run's rounds."""
    found = [rounds.read(path) for path in sorted(folder.glob("*.jsonl"))]
    few = max(1, round(len(found) * TENTH))
    names = [name for name in found[0].metrics if name != "sampling_seconds"]
    rows: list[list[Cell]] = [
        [name, _mean(found[:few], name), _mean(found[-few:], name)] for name in names
    ]
    title = f"Answers, first and last {few} of {len(found)} rounds"
    said = [one for made in found for group in made.groups for one in group]
    tables = [Table(title, ["what", "first", "last"], rows), _examples(found[-1])]
    return Report("Rollouts", _findings(said), tables)


def reasons_of(said: Sequence[Said]) -> Counter[str]:
    """How often each grader had no score, by why."""
    return Counter(f"{title} {why}" for one in said for title, why in one.failed.items())


def _mean(found: Sequence[Round], name: str) -> float:
    return statistics.fmean(made.metrics.get(name, 0.0) for made in found)


def _examples(last: Round) -> Table:
    said = [one for group in last.groups for one in group if one.reward is not None]
    ordered = sorted(said, key=lambda one: -(one.reward or 0.0))
    shown = [*ordered[:SHOWN], *ordered[-SHOWN:]] if len(ordered) > 2 * SHOWN else ordered
    rows: list[list[Cell]] = [
        [one.prompt[-1]["content"][:60], one.answer[:120], one.reward] for one in shown
    ]
    return Table("Best and worst answers of the last round", ["asked", "said", "reward"], rows)


def _findings(said: Sequence[Said]) -> list[Finding]:
    missing = sum(one.reward is None for one in said)
    if not missing:
        return []
    words = ", ".join(f"{why} {count}" for why, count in reasons_of(said).items())
    return [
        Finding(
            Level.WARNING if missing > MUCH * len(said) else Level.NOTE,
            "answers-without-score",
            f"{missing:,} of {len(said):,} sampled answers had no reward and were left out.",
            evidence=words,
            fix="The run folder's rollouts/*.jsonl show each; mend the grader or its timeout_s.",
            where="method.rewards",
        )
    ]
