"""A quick classifier of vectors: softmax regression with a small penalty, in numpy alone.

Inputs are whitened (mean 0, no correlation, variance 1), so that plain gradient descent with
Nesterov's momentum needs a few dozen passes. Learned without the rows that it is asked about.

Shapes: T rows, D numbers of a row's vector, C classes, E = D + 1 inputs with the bias's one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Ints = NDArray[np.int64]

PENALTY = 0.03
PASSES = 40
LEAST_VARIANCE = 1e-4
"""Of the largest: directions with less are not stretched further."""


def held_out_dense(vector_TD: Floats, label_T: Ints, fold_T: Ints, num_classes: int) -> Floats:
    """Each row's probabilities [T, C], by a classifier that did not learn from its fold."""
    import numpy as np

    result_TC = np.zeros((len(label_T), num_classes), np.float32)
    for fold in np.unique(fold_T):
        is_out_T = fold_T == fold
        mean_D, turn_DD = _whitening(vector_TD[~is_out_T])
        input_TE = np.ones((len(label_T), vector_TD.shape[1] + 1), np.float32)
        input_TE[:, :-1] = (vector_TD - mean_D) @ turn_DD
        weight_EC = _learn(input_TE[~is_out_T], label_T[~is_out_T], num_classes)
        result_TC[is_out_T] = _softmax(input_TE[is_out_T] @ weight_EC)
    return result_TC


def _whitening(vector_TD: Floats) -> tuple[Floats, Floats]:
    """The mean, and what centred vectors are multiplied by."""
    import numpy as np

    mean_D = vector_TD.mean(axis=0).astype(np.float32)
    variance_D, axis_DD = np.linalg.eigh(np.cov((vector_TD - mean_D).T.astype(np.float64)))
    least = max(float(variance_D[-1]) * LEAST_VARIANCE, 1e-12)
    turn_DD = (axis_DD / np.sqrt(np.maximum(variance_D, least))).astype(np.float32)
    return mean_D, turn_DD


def _learn(input_TE: Floats, label_T: Ints, num_classes: int) -> Floats:
    """Weights [E, C]; the bias is not penalised."""
    import numpy as np

    aim_TC = np.eye(num_classes, dtype=np.float32)[label_T]
    penalty_E = np.full((input_TE.shape[1], 1), PENALTY, np.float32)
    penalty_E[-1] = 0
    weight_EC = np.zeros((input_TE.shape[1], num_classes), np.float32)
    ahead_EC, momentum = weight_EC, 1.0
    # The loss bends by half an input's variance at most, which is 1.
    rate = 1 / (0.5 + PENALTY)
    for _ in range(PASSES):
        error_TC = _softmax(input_TE @ ahead_EC) - aim_TC
        slope_EC = input_TE.T @ error_TC / len(label_T) + penalty_E * ahead_EC
        moved_EC = ahead_EC - rate * slope_EC
        later = (1 + (1 + 4 * momentum**2) ** 0.5) / 2
        ahead_EC = moved_EC + (momentum - 1) / later * (moved_EC - weight_EC)
        weight_EC, momentum = moved_EC, later
    return weight_EC.astype(np.float32)


def _softmax(score_TC: Floats) -> Floats:
    import numpy as np

    raised_TC = np.exp(score_TC - score_TC.max(axis=1, keepdims=True))
    return raised_TC / raised_TC.sum(axis=1, keepdims=True)
