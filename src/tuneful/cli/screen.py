"""The last screen of a run: what came of it, what it took, and what to type next."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuneful.core.units import duration
from tuneful.data.rows import Pair, Preference, Ranked, Tagged, texts_of

NONE = "-"
WORDS_SHOWN = 8

if TYPE_CHECKING:
    from rich.console import Console as RichConsole
    from rich.table import Table

    from tuneful.data.rows import Row
    from tuneful.workflow import Outcome, Trained


def trained_text(trained: Trained, recipe: str) -> str:
    """A trained model in a few lines."""
    measured = trained.model.manifest["measured"]
    done = "was trained before" if trained.was_done else "trained"
    lines = [
        f"{done}: {measured['steps']:,} steps, {measured['tokens']:,} tokens in "
        f"{duration(measured['seconds'])} ({measured['tokens_per_s']:,.0f} tokens/s, "
        f"{measured['memory_gib']:.1f} GiB)",
        f"model: {_short(trained.model.path)}",
    ]
    if trained.changes:
        changed = ", ".join(f"{key}: {value}" for key, value in trained.changes.items())
        lines.insert(0, f"mended: {changed}")
    # A recipe that had to be mended on the way would be refused if it were evaluated as it is.
    verb = "run" if trained.changes else "evaluate"
    flags = " --fix" if trained.changes else ""
    lines.append(f"next:  {program_name()} {verb} {recipe}{flags}")
    return "\n".join(lines)


def show_outcome(outcome: Outcome, console: RichConsole) -> None:
    """One screen: measured, taken, made, next."""
    from rich.rule import Rule
    from rich.table import Table
    from rich.text import Text

    model, facts = outcome.trained.model, outcome.report.facts
    console.print(Rule(Text(model.name, style="bold"), align="left", style="green"))
    console.print(_metrics(facts))
    console.print()
    taken = Table.grid(padding=(0, 2))
    for name, value in _taken(outcome).items():
        taken.add_row(Text(name, style="dim"), value)
    console.print(taken)
    for finding in outcome.report.findings:
        if finding.level.word != "note":
            words = f"{finding.level.word}: {finding.title} {finding.evidence}"
            console.print(words, markup=False, soft_wrap=False)
    console.print("\nNext:", style="bold")
    for command in _next(outcome):
        console.print(f"  {command}", markup=False)


def _metrics(facts: Any) -> Table:
    from rich.table import Table
    from rich.text import Text

    from tuneful.evaluating.summary import bare_interval

    table = Table(box=None, padding=(0, 2, 0, 0), caption_justify="left", caption_style="dim")
    table.add_column("", no_wrap=True)  # a narrow terminal breaks numbers before their interval
    for name in ("base", "tuned", "difference"):
        table.add_column(name, overflow="fold")
    for known in facts["metrics"].values():
        share, base, apart = known["is_share"], known["base"], known["difference"]
        table.add_row(
            known["title"] + (", %" if share else ""),
            Text(bare_interval(base, is_share=share) if base else NONE),
            Text(bare_interval(known["tuned"], is_share=share), style="bold"),
            Text(bare_interval(apart, is_share=share, sign=True) if apart else NONE),
        )
    paired = "; the difference is paired, row by row"
    has_base = any(known["base"] for known in facts["metrics"].values())
    table.caption = f"{facts['rows']:,} held-out rows, 95 % intervals{paired * has_base}"
    return table


def _taken(outcome: Outcome) -> dict[str, str]:
    measured = outcome.trained.model.manifest["measured"]
    calibration = outcome.report.facts.get("calibration")
    found = {
        "trained": f"{measured['steps']:,} steps, {measured['tokens']:,} tokens in "
        f"{duration(measured['seconds'])}",
        "speed": f"{measured['tokens_per_s']:,.0f} tokens/s",
        "peak memory": f"{measured['memory_gib']:.2f} GiB",
        "wall time": duration(outcome.seconds)
        + (" (trained before)" if outcome.trained.was_done else ""),
        "model": _short(outcome.trained.model.path),
    }
    if calibration:
        found["calibration"] = (
            f"temperature {calibration['temperature']:.2f} from {calibration['rows']:,} "
            "validation rows"
        )
    if outcome.trained.changes:
        found["mended"] = ", ".join(f"{k}: {v}" for k, v in outcome.trained.changes.items())
    return found


def _next(outcome: Outcome) -> list[str]:
    """Three commands that work as they stand."""
    model, data, program = outcome.trained.model, outcome.trained.data, program_name()
    folder, row = _short(model.path), data.row("test", 0)
    example = shlex.quote(_example(row, model.measured_as))
    talk = f"{program} chat {folder}" if model.head == "tokens" else f"{program} show last"
    return [f"{program} predict {folder} {example}", talk, f"less {folder}/README.md"]


def _example(row: Row, measured_as: str) -> str:
    """The beginning of a row as `tuneful predict` reads it."""

    def begin(text: str) -> str:
        return " ".join(text.split()[:WORDS_SHOWN])

    if isinstance(row, Pair):
        both = {"text": begin(row.text), "second": begin(row.second)}
        return json.dumps(both, ensure_ascii=False)
    if measured_as == "rewards" and isinstance(row, Preference | Ranked):
        answer = row.answers[0] if isinstance(row, Ranked) else row.chosen[-1].content
        given = {"prompt": row.prompt[-1].content, "answer": begin(answer)}
        return json.dumps(given, ensure_ascii=False)
    if isinstance(row, Tagged):
        return " ".join(row.words[:WORDS_SHOWN])
    return begin(next(texts_of(row)))


def program_name() -> str:
    """What to type for this program: its name where the shell finds it, else its path."""
    return "tuneful" if shutil.which("tuneful") else _short(Path(sys.argv[0]).absolute())


def _short(path: Path) -> str:
    """A path from where the person is, if that is shorter."""
    relative: str = os.path.relpath(str(path))
    return relative if len(relative) < len(str(path)) else str(path)
