"""Temperature scaling: one number that makes confidences honest (Guo et al. 2017, 1706.04599)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

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
