"""Answers that a model gave while it learned from them, for a person to page through."""

from __future__ import annotations

import heapq
import json
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from tuneful.core.errors import RunError
from tuneful.core.units import number

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rich.console import Console as RichConsole

    from tuneful.core.run import Run

ORDERS = ("best", "worst", "failed", "first")
FIELDS = ("row", "prompt", "answer", "scores", "failed", "reward", "advantage", "is_ended")
"""Of a line of rollouts/*.jsonl what is for a person; the rest is for the program."""
LONGEST_TURN = 600
"""Characters of a turn of the prompt that are shown; an answer is shown whole."""
BOLD, DIM, PLAIN = "\x1b[1m", "\x1b[2m", "\x1b[0m"

Said = dict[str, Any]


@dataclass(frozen=True)
class Wanted:
    """Which answers to show.

    Attributes:
        order: best or worst reward first; failed: those without one; first: as they were given.
        step: Of the round that this step learned from; None: of all rounds.
        skip: Leave out so many of them.
        most: Then show so many.
    """

    order: str = "best"
    step: int | None = None
    skip: int = 0
    most: int = 10


def choose(found: Run, wanted: Wanted) -> list[Said]:
    """The answers of a run that are wanted, in their order; few of them are in memory at a time.

    Raises:
        RunError: The run has no answers, or none at that step.
    """
    said = _read(_rounds(found, wanted.step))
    end = wanted.skip + wanted.most
    if wanted.order == "failed":
        said = (one for one in said if one["reward"] is None)
    if wanted.order in {"failed", "first"}:
        return list(islice(said, wanted.skip, end))
    sign = -1 if wanted.order == "best" else 1
    graded = (one for one in said if one["reward"] is not None)
    return heapq.nsmallest(end, graded, key=lambda one: sign * one["reward"])[wanted.skip :]


def shown(said: Said, console: RichConsole, width: int, *, color: bool) -> str:
    """An answer under its prompt, with what each grader gave, in lines of `width` columns."""
    bold, dim, plain = (BOLD, DIM, PLAIN) if color else ("", "", "")
    reward = "none" if said["reward"] is None else number(said["reward"])
    head = f"step {said['step']}, row {said['row']}: reward {reward}"
    if said["advantage"] is not None:
        head += f", advantage {number(said['advantage'])}"
    lines = [f"{bold}{head}{plain}"]
    for turn in said["prompt"]:
        text = str(turn.get("content") or "")
        cut = text if len(text) <= LONGEST_TURN else f"{text[:LONGEST_TURN]} …"
        lines += [f"{dim}{turn['role']}:{plain}", *wrapped(cut, console, width)]
    ends = "" if said["is_ended"] else " (ran out of tokens)"
    lines += [f"{dim}answer{ends}:{plain}", *wrapped(said["answer"], console, width)]
    grades = [f"{title} {number(score)}" for title, score in said["scores"].items()]
    grades += [f"{title} no score: {why}" for title, why in said["failed"].items()]
    lines += [f"{dim}graders:{plain}", *wrapped("\n".join(grades), console, width)]
    return "\n".join(lines)


def wrapped(text: str, console: RichConsole, width: int) -> Iterator[str]:
    """Lines that fit, set in by two; what moves a terminal's cursor or colours is shown as such."""
    from rich.text import Text

    for line in text.splitlines() or [""]:
        clean = "".join(sign if sign.isprintable() else "\ufffd" for sign in line)
        for part in Text(clean).wrap(console, width - 2, no_wrap=False, overflow="fold") or [""]:
            yield f"  {str(part).rstrip()}"


def _rounds(found: Run, step: int | None) -> list[Path]:
    paths = sorted(found.rollouts.glob("*.jsonl"))
    if not paths:
        raise RunError(
            "This run has no sampled answers.",
            where=str(found.rollouts),
            fix="Methods that learn from their own answers (grpo, rloo, ppo) write them.",
        )
    if step is None:
        return paths
    before = [path for path in paths if int(path.stem) <= step]
    if not before or (step > int(paths[-1].stem) and step > _last_step(found)):
        raise RunError(
            f"There is no step {step}.",
            where=str(found.rollouts),
            fix=f"Steps go from {int(paths[0].stem)} to "
            f"{max(int(paths[-1].stem), _last_step(found))}.",
        )
    return before[-1:]


def _last_step(found: Run) -> int:
    """Of metrics.jsonl; a round serves the steps up to the next one."""
    if not found.metrics.exists():
        return 0
    lines = found.metrics.read_text(encoding="utf-8").splitlines()
    return max((int(json.loads(line)["step"]) for line in lines if line.endswith("}")), default=0)


def _read(paths: list[Path]) -> Iterator[Said]:
    for path in paths:
        with path.open(encoding="utf-8") as file:
            step = json.loads(next(file))["step"]
            for text in file:
                line = json.loads(text)
                yield {"step": step, **{name: line[name] for name in FIELDS}}
