"""Sides that take turns: each turn is a process of its own, and one works at a time.

A side is a class whose `work(round)` trains for a while and says how much was done in what time.
Rounds go A B C, then C B A, and so on, so that a machine that slows down slows all of them. A ratio
is made within a round; its median and range over the rounds are what counts.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from tuneful.core.artifact import write_json
from tuneful.core.machine import look

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

RESULTS = Path(__file__).parent / "results"
ANSWER = "benchmark answer: "


@dataclass(frozen=True)
class Work:
    """What one turn did. Tokens are real ones: padding does not count."""

    seconds: float
    rows: int
    tokens: int


class Side(Protocol):
    """One way of doing the job, set up and ready."""

    def work(self, round_: int) -> Work:
        """Take a turn."""
        ...


@dataclass(frozen=True)
class Pair:
    """A ratio to report: ours over the peer's, by rows or tokens a second."""

    name: str
    ours: str
    peer: str


def main(
    module: str,
    sides: Mapping[str, Callable[[int], Side]],
    pairs: list[Pair],
    *,
    unit: str,
    turn: int = 12,
    share: Callable[[Mapping[str, Any]], Mapping[str, float]] | None = None,
) -> None:
    """Run a benchmark's command line.

    Args:
        module: Its module, to start the sides' processes with.
        sides: Name to a constructor that takes the number of steps of a turn.
        pairs: Which ratios to make.
        unit: "rows" or "tokens": what a second's work is counted in.
        turn: Steps of a turn, or of whatever a turn is made of.
        share: From the measured sides to their shares of the machine's matrix peak.
    """
    parser = argparse.ArgumentParser(prog=f"python -m {module}")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=turn, help="timed steps of a turn")
    parser.add_argument("--only", nargs="*", help="these sides alone; nothing is written")
    parser.add_argument("--side", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.side:
        _serve(sides[args.side](args.steps))
        return
    names = [name for name in sides if not args.only or name in args.only]
    rounds = _take_turns(module, names, args.rounds, args.steps)
    result = _result(rounds, pairs, unit)
    result |= share(result["sides"]) if share else {}
    _show(result, unit)
    if not args.only:
        write_json(RESULTS / f"{module.rpartition('.')[2]}.json", result)


def _serve(side: Side) -> None:
    """Take a turn for each line that comes in."""
    print(ANSWER + "{}", flush=True)
    for line in sys.stdin:
        work = side.work(int(line))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(ANSWER + json.dumps(asdict(work) | {"peak_gib": peak}), flush=True)


def _take_turns(module: str, names: list[str], rounds: int, steps: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for round_ in range(rounds):
        turn: dict[str, Any] = {}
        for name in names if round_ % 2 == 0 else reversed(names):
            turn[name] = _turn(module, name, steps, round_)
            rate = turn[name]["tokens"] / turn[name]["seconds"]
            print(f"round {round_ + 1}: {name} {rate:,.0f} tokens/s", flush=True)
        found.append(turn)
    return found


def _turn(module: str, name: str, steps: int, round_: int) -> dict[str, Any]:
    """One turn in a fresh process: what a side keeps in memory must not slow the next one."""
    command = [sys.executable, "-m", module, "--side", name, "--steps", str(steps)]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    )
    try:
        _answer(name, process)
        assert process.stdin is not None
        process.stdin.write(f"{round_}\n")
        process.stdin.flush()
        return _answer(name, process)
    finally:
        process.kill()
        process.communicate()


def _answer(name: str, process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith(ANSWER):
            return json.loads(line.removeprefix(ANSWER))
    raise SystemExit(f"{name} ended without an answer")


def _result(rounds: list[dict[str, Any]], pairs: list[Pair], unit: str) -> dict[str, Any]:
    def rate(turn: dict[str, Any], side: str) -> float:
        return turn[side][unit] / turn[side]["seconds"]

    ratios = {
        pair.name: _spread([rate(turn, pair.ours) / rate(turn, pair.peer) for turn in rounds])
        for pair in pairs
        if {pair.ours, pair.peer} <= set(rounds[0])
    }
    sides = {
        name: {
            f"{unit}_per_s": statistics.median(rate(turn, name) for turn in rounds),
            "tokens_per_s": statistics.median(
                turn[name]["tokens"] / turn[name]["seconds"] for turn in rounds
            ),
            "tokens_per_row": rounds[0][name]["tokens"] / rounds[0][name]["rows"],
            "peak_gib": max(turn[name]["peak_gib"] for turn in rounds),
        }
        for name in rounds[0]
    }
    memory = {
        pair.name: sides[pair.ours]["peak_gib"] / sides[pair.peer]["peak_gib"]
        for pair in pairs
        if pair.name in ratios
    }
    return {
        "machine": look().to_json(),
        "ratios": ratios,
        "memory_ratios": memory,
        "sides": sides,
        "rounds": rounds,
    }


def _spread(values: list[float]) -> dict[str, float]:
    return {"median": statistics.median(values), "low": min(values), "high": max(values)}


def _show(result: dict[str, Any], unit: str) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    shares = result.get("shares", {})
    columns = ["side", f"{unit}/s", "tokens/s", "peak GiB"]
    table = Table(*columns, *(["share of matrix peak"] if shares else []))
    for name, side in result["sides"].items():
        share = f"{shares[name]:.0%}" if name in shares else "-"
        table.add_row(
            name,
            f"{side[f'{unit}_per_s']:.2f}",
            f"{side['tokens_per_s']:,.0f}",
            f"{side['peak_gib']:.2f}",
            *([share] if shares else []),
        )
    console.print(table)
    ratios = Table("against", "times as fast", "range", "memory")
    for name, known in result["ratios"].items():
        ratios.add_row(
            name,
            f"{known['median']:.2f}",
            f"{known['low']:.2f} to {known['high']:.2f}",
            f"{result['memory_ratios'][name]:.2f}x",
        )
    console.print(ratios)
    if shares:
        console.print(f"matrix peak: {result['peak_gflops']:,.0f} GFLOP/s in bf16")
