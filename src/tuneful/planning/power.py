"""How small a difference test rows can show.

A difference of means of N rows, each asked of two models, has a standard error; a two-sided test at
5 % finds a difference of (1.96 + 0.84) such errors four times of five. Of a share of right rows the
error is at most sqrt(d / N) where the models differ on a share d of the rows (Connor 1987,
Biometrics 43: sample size for McNemar's test), which nobody knows beforehand.
"""

from __future__ import annotations

import math
from statistics import NormalDist

POWER = 0.8
ERRORS = NormalDist().inv_cdf(0.975) + NormalDist().inv_cdf(POWER)
"""Standard errors of a difference that is found with this probability."""
DIFFER = 0.2
"""Share of rows on which two models are taken to differ: tuned ones and their bases often do on
more, two tuned ones on less."""


def detectable_share(num_rows: int, differ: float = DIFFER) -> float:
    """The smallest difference of two shares of right rows that is found four times of five.

    >>> round(detectable_share(500), 3)
    0.056
    """
    return ERRORS * math.sqrt(differ / num_rows)
