"""Confidences and what they are worth: reliability, and a temperature that makes them honest.

Source: Guo et al. 2017 (arXiv:1706.04599).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BINS = 15
LOWEST, HIGHEST = 0.05, 20.0
GOLDEN = (5**0.5 - 1) / 2
ROUNDS = 60
"""Of golden-section search: the last interval is 1e-12 of the first."""


def fit_temperature(logits_NC: NDArray[np.float32], truth_N: NDArray[np.int64]) -> float:
    """The temperature with the lowest mean -log p of the true classes.

    Args:
        logits_NC: Of rows that were neither trained on nor are measured afterwards.
        truth_N: Their classes.
    """
    import numpy as np

    low, high = float(np.log(LOWEST)), float(np.log(HIGHEST))
    for _ in range(ROUNDS):
        left, right = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
        if mean_nll(logits_NC, truth_N, np.exp(left)) < mean_nll(logits_NC, truth_N, np.exp(right)):
            high = right
        else:
            low = left
    return float(np.exp((low + high) / 2))


def mean_nll(logits_NC: Any, truth_N: Any, temperature: float) -> float:
    """Mean -log softmax(logits / temperature)[truth], in nats."""
    import numpy as np

    scaled_NC = logits_NC.astype(np.float64) / temperature
    peak_N1 = scaled_NC.max(axis=1, keepdims=True)
    total_N = np.log(np.exp(scaled_NC - peak_N1).sum(axis=1)) + peak_N1[:, 0]
    return float((total_N - scaled_NC[np.arange(len(truth_N)), truth_N]).mean())


def bin_of(confidence_N: NDArray[np.float64]) -> NDArray[np.int64]:
    """The number, from 0, of each confidence's bin of equal width, its upper end in it."""
    import numpy as np

    return np.searchsorted(np.linspace(0, 1, BINS + 1)[1:-1], confidence_N)


def reliability(
    probability_NC: NDArray[np.float64], truth_N: NDArray[np.int64]
) -> list[dict[str, float]]:
    """How often rows of like confidence are right: what a reliability plot draws.

    Confidences, the likeliest class's probability, fall into bins of equal width, as for the
    calibration error. Each bin that has rows gives its ends, its rows, their mean confidence, the
    share of them that is right, and that share's 95 % interval (Wilson 1927).
    """
    import numpy as np

    confidence_N = probability_NC.max(axis=1)
    right_N = probability_NC.argmax(axis=1) == truth_N
    bin_N = bin_of(confidence_N)
    found: list[dict[str, float]] = []
    for number in np.unique(bin_N).tolist():
        is_in = bin_N == number
        rows, right = int(is_in.sum()), int(right_N[is_in].sum())
        low, high = wilson(right, rows)
        found.append(
            {
                "from": number / BINS,
                "to": (number + 1) / BINS,
                "rows": rows,
                "confidence": float(confidence_N[is_in].mean()),
                "right": right / rows,
                "right_low": low,
                "right_high": high,
            }
        )
    return found


def wilson(right: float, rows: int, z: float = 1.959964) -> tuple[float, float]:
    """The interval of a share that no share outside would be likely to give; never outside 0 to 1.

    >>> [round(end, 3) for end in wilson(8, 10)]
    [0.49, 0.943]
    """
    share, spread = right / rows, z * z / rows
    middle = share + spread / 2
    half = z * math.sqrt(share * (1 - share) / rows + spread / (4 * rows))
    low, high = (middle - half) / (1 + spread), (middle + half) / (1 + spread)
    return max(0.0, low), min(1.0, high)
