"""How much a model kept of planted secrets: their exposure.

Source: Carlini et al. 2019, arXiv:1802.08232, definition 5 and section 4.3: log2 of the number of
        possible secrets minus log2 of the planted one's rank among them by likelihood, here among
        secrets that are drawn and were never planted. 1.44 bits on average where nothing was kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log2
from typing import TYPE_CHECKING, Any

from tuneful.auditing.intervals import bounds, resampled
from tuneful.auditing.likelihood import row_logps
from tuneful.data.deriving.canaries import DIGITS, canary_row

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tuneful.auditing.audits.base import Asked, Subject
    from tuneful.evaluating.interval import Interval

OTHERS = 127
"""Secrets that each is ranked among: 7 bits at most."""
DRAWS = 20_000


@dataclass(frozen=True)
class Exposed:
    """What a model kept of the canaries.

    Attributes:
        who: "tuned" or "base".
        bits: Of each canary.
        mean: With its interval over canaries.
        p: How often secrets that were never planted would be exposed as much on average.
    """

    who: str
    bits: tuple[float, ...]
    mean: Interval
    p: float


def exposures(subject: Subject, canaries: Sequence[dict[str, Any]]) -> list[Exposed]:
    """Of every canary, to the tuned model and to its base."""
    draw, rows = subject.draw(5), list[Any]()
    for one in canaries:
        codes = {one["code"]}
        while len(codes) <= OTHERS:
            codes.add(str(draw.integers(10**DIGITS)).zfill(DIGITS))
        ordered = [one["code"], *sorted(codes - {one["code"]})]
        kind = subject.data.row_type
        rows += [canary_row(kind, one["name"], code, one["label"]) for code in ordered]
    return [_exposed(subject, asked, rows, len(canaries)) for asked in subject.asked]


def _exposed(subject: Subject, asked: Asked, rows: list[Any], count: int) -> Exposed:
    import numpy as np

    logp = np.array([row.sum() for row in row_logps(asked, rows, "canaries")])
    table = logp.reshape(count, OTHERS + 1)
    above = (table[:, 1:] > table[:, :1]).sum(axis=1)
    level = (table[:, 1:] == table[:, :1]).sum(axis=1)
    rank = 1 + above + level / 2
    bits = log2(OTHERS + 1) - np.log2(rank)
    drawn_R = resampled(bits[:, None], subject.recipe.evaluate.resamples, subject.seed)[:, 0]
    mean = bounds(float(bits.mean()), drawn_R / count)
    chance = np.random.Generator(np.random.PCG64(subject.seed)).integers(
        1, OTHERS + 2, size=(DRAWS, count)
    )
    by_chance = (log2(OTHERS + 1) - np.log2(chance)).mean(axis=1)
    p = float(((by_chance >= bits.mean() - 1e-12).sum() + 1) / (DRAWS + 1))
    return Exposed(asked.who, tuple(float(bit) for bit in bits), mean, p)
