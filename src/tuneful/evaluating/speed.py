"""How fast models answered, and what that costs: one measurement, of all answers together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tuneful.core.report import Table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tuneful.core.report import Cell

HOUR_S = 3600


def speed_of(sample: Any, usd_per_hour: float) -> dict[str, float] | None:
    """Answers and tokens a second, and USD for a thousand answers; None where nothing was timed."""
    seconds, said_N = getattr(sample, "seconds", 0.0), getattr(sample, "said_N", None)
    if not seconds or said_N is None:
        return None
    rows, tokens = len(said_N), float(said_N.sum())
    return {
        "seconds": seconds,
        "answers_per_s": rows / seconds,
        "tokens_per_s": tokens / seconds,
        "tokens_per_answer": tokens / rows,
        "usd_per_1000_answers": 1000 * seconds / rows * usd_per_hour / HOUR_S,
    }


def speeds(tuned: Any, base: Any, usd_per_hour: float) -> dict[str, Any]:
    """Facts of both models, of those that were timed; the base's are kept with what it said."""
    known = {"base": base, "tuned": tuned}
    found = {name: speed_of(sample, usd_per_hour) for name, sample in known.items()}
    timed = {name: part for name, part in found.items() if part}
    return {"speed": timed} if timed else {}


def speed_table(known: Mapping[str, Mapping[str, float]]) -> Table:
    """Of each model that was timed."""
    has_price = any(part["usd_per_1000_answers"] for part in known.values())
    rows: list[list[Cell]] = []
    for name, part in known.items():
        cells: list[Cell] = [
            f"{part[key]:.3g}" for key in ("answers_per_s", "tokens_per_s", "tokens_per_answer")
        ]
        rows.append([name, *cells, *([f"{part['usd_per_1000_answers']:.3g}"] * has_price)])
    columns = ["model", "answers/s", "tokens/s", "tokens an answer"]
    columns += ["USD for 1,000 answers"] * has_price
    note = "Many answers at once, timed once, on this machine beside what else it did."
    return Table("Speed of answers", columns, rows, note)
