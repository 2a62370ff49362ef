"""Rows that share runs of words with the benchmarks that the recipe names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuneful.core.report import Finding, Level
from tuneful.data.checks.base import rows_that, tell
from tuneful.data.faults.contamination import WORDS, read_benchmark, shared
from tuneful.data.strings import arrays_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tuneful.data.checks.base import Facts
    from tuneful.data.faults.contamination import Benchmark

GRAVE_SHARE = 0.01


def check(facts: Facts) -> Iterator[Finding]:
    """Compare what is trained or validated on with data.benchmarks."""
    sources = facts.recipe.data.benchmarks
    if not sources:
        return
    known = read_benchmark(sources)
    found = tell(facts, "contamination", _faults(facts, known))
    share = found.num_rows / max(1, facts.num_used)
    short = (
        f"; {known.num_short:,} of its {known.num_texts:,} texts have less than {WORDS} words and "
        "were not looked for"
        if known.num_short
        else ""
    )
    if not found.num_rows:
        yield Finding(
            Level.NOTE,
            "contamination",
            f"No row shares {WORDS} words in a row with {', '.join(sources)}{short}.",
            where="data.benchmarks",
        )
        return
    yield Finding(
        Level.ERROR if share > GRAVE_SHARE else Level.WARNING,
        "contamination",
        f"{rows_that(found.num_rows, 'share')} {WORDS} words in a row with "
        f"{', '.join(sources)}: {share:.1%} of all{short}.",
        evidence=found.evidence,
        fix="Add benchmarks to data.clean: such rows are left out.",
        where="data.benchmarks",
        change=facts.clean_with("benchmarks", sources=sources),
    )


def _faults(facts: Facts, known: Benchmark) -> Iterator[tuple[int, str]]:
    import numpy as np

    for batch, number_N in facts.batches():
        for texts, row_T in arrays_in(batch, facts.scan.row_type):
            share_T = shared(texts.fill_null(""), known)
            for at in np.flatnonzero(share_T).tolist():
                row = int(number_N[row_T[at].as_py()])
                if facts.split_of(row) != "test":
                    yield row, f"{share_T[at]:.0%} of its runs"
