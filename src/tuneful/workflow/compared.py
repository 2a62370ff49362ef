"""What trials of selectors say: the metric by fraction, and which selector beats random rows."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from tuneful.core.report import Finding, Level, Report, Table
from tuneful.evaluating.metrics import metric
from tuneful.evaluating.seeds import over_seeds
from tuneful.evaluating.summary import bare_interval
from tuneful.workflow.selection import ALL, BASELINE, Tried

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tuneful.core.report import Cell
    from tuneful.evaluating.interval import Interval
    from tuneful.evaluating.metrics.base import Array, Metric


@dataclass(frozen=True)
class Arm:
    """A selector at a fraction, over its seeds.

    Attributes:
        rows: Training rows, the mean over seeds.
        tokens: That were learned from, the mean over seeds.
        value: The metric.
        apart: Its difference to as many random rows, with the same seeds on the same test rows;
            None for random rows themselves, for all rows, and where one of the two has failed.
    """

    selector: str
    fraction: float
    seeds: int
    rows: float
    tokens: float
    value: Interval
    apart: Interval | None

    def verdict(self, better: str) -> str:
        """Whether it is "better" or "worse", "not shown" where zero is possible, "" for neither."""
        if self.apart is None:
            return ""
        low, high = self.apart.low, self.apart.high
        if better == "lower":
            low, high = -high, -low
        return "better" if low > 0 else "worse" if high < 0 else "not shown"


def arms(tried: Sequence[Tried]) -> list[Arm]:
    """Every selector at every fraction, in the order tried; none where all its trials failed."""
    groups: dict[tuple[str, float], list[Tried]] = {}
    for one in tried:
        if not one.note:
            groups.setdefault((one.trial.selector, one.trial.fraction), []).append(one)
    found: list[Arm] = []
    for (selector, fraction), own in groups.items():
        random = groups.get((BASELINE, fraction), []) if selector not in {BASELINE, ALL} else []
        found.append(_arm(own, random))
    return found


def _arm(own: Sequence[Tried], random: Sequence[Tried]) -> Arm:
    known = metric(own[0].metric)
    by_seed = {one.trial.seed: one for one in random}
    pairs = [(one, by_seed[one.trial.seed]) for one in own if one.trial.seed in by_seed]
    apart = None
    if pairs:
        one_SNK, other_SNK = zip(*((_array(a), _array(b)) for a, b in pairs), strict=True)
        apart = over_seeds(known, one_SNK, other_SNK)
    return Arm(
        own[0].trial.selector,
        own[0].trial.fraction,
        len(own),
        sum(one.rows for one in own) / len(own),
        sum(one.tokens for one in own) / len(own),
        over_seeds(known, [_array(one) for one in own]),
        apart,
    )


def _array(tried: Tried) -> Array:
    import numpy as np

    return np.array(tried.statistics, np.float64)


def compared(tried: Sequence[Tried]) -> Report:
    """The table of the metric by fraction, and what it shows."""
    found = arms(tried)
    failed = [_failed(one) for one in tried if one.note]
    if not found:
        return Report("Selection", failed)
    name = next(one.metric for one in tried if one.metric)
    known = metric(name)
    facts = {
        "metric": name,
        "arms": [asdict(arm) | {"verdict": arm.verdict(known.better)} for arm in found],
        "trials": [{**asdict(one), "statistics": len(one.statistics)} for one in tried],
    }
    rows = [_cells(arm, known) for arm in found]
    columns = ["selector", "fraction", "rows", "tokens", known.title, "against random", "verdict"]
    table = Table(f"{known.title} by fraction", columns, rows, _note(tried, found))
    return Report("Selection", [*failed, *_findings(found, known)], [table], facts)


def _cells(arm: Arm, known: Metric) -> list[Cell]:
    value = bare_interval(asdict(arm.value), is_share=known.is_share)
    apart = arm.apart
    shown = bare_interval(asdict(apart), is_share=known.is_share, sign=True) if apart else None
    fraction = f"{arm.fraction:.3g}"
    tokens = f"{arm.tokens:,.0f}"
    return [
        arm.selector,
        fraction,
        round(arm.rows),
        tokens,
        value,
        shown,
        arm.verdict(known.better),
    ]


def _note(tried: Sequence[Tried], found: Sequence[Arm]) -> str:
    seeds = max(arm.seeds for arm in found)
    tests = max(len(one.statistics) for one in tried)
    count = sum(arm.apart is not None for arm in found)
    over = "seeds and test rows" if seeds > 1 else "test rows; one seed says nothing of seeds"
    return (
        f"{seeds} seed{'s' if seeds > 1 else ''}, {tests:,} test rows; 95 % intervals over {over}. "
        f"Of {count} comparisons {count / 40:.1f} would look better by chance alone."
    )


def _findings(found: Sequence[Arm], known: Metric) -> Iterator[Finding]:
    """Which selectors beat random rows, which do not, and which are worse."""
    said = {
        "better": (Level.NOTE, "better-than-random", "are better than as many random rows", ""),
        "worse": (
            Level.WARNING,
            "worse-than-random",
            "are worse than as many random rows",
            "Do not use them for these rows at this fraction.",
        ),
        "not shown": (
            Level.WARNING,
            "no-better-than-random",
            "are not shown to be better than as many random rows",
            "Take random rows, or more --seeds and test rows for narrower intervals.",
        ),
    }
    for verdict, (level, code, words, fix) in said.items():
        arms_ = [arm for arm in found if arm.verdict(known.better) == verdict]
        if arms_:
            names = ", ".join(dict.fromkeys(arm.selector for arm in arms_))
            shown = "; ".join(_shown(arm, known) for arm in arms_)
            yield Finding(level, code, f"Rows of {names} {words}.", evidence=shown, fix=fix)


def _shown(arm: Arm, known: Metric) -> str:
    assert arm.apart is not None
    apart = bare_interval(asdict(arm.apart), is_share=known.is_share, sign=True)
    return f"{arm.selector} at {arm.fraction:.3g}: {apart}"


def _failed(one: Tried) -> Finding:
    trial: Any = one.trial
    return Finding(
        Level.ERROR,
        "trial-failed",
        f"{trial.selector} at {trial.fraction:.3g} with seed {trial.seed} could not be trained.",
        evidence=one.note,
        fix="Mend the recipe as the message says; the same command tries it again.",
    )
