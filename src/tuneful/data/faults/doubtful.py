"""Labels that are likely wrong: confident learning (Northcutt, Jiang and Chuang 2021, 1911.00068).

A class's threshold is the mean probability of that class among the rows labelled so. A row is
counted for the likeliest of the classes whose thresholds it reaches; counted for another class than
its label's, it is doubted. Rows are ranked by how much likelier the other class is.

Shapes: T rows, C classes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Doubted:
    """A row whose label is likely wrong.

    Attributes:
        row: Its number.
        other: The class it is likelier of.
        margin: How much likelier, 0 to 1.
    """

    row: int
    other: int
    margin: float


def doubted(probability_TC: NDArray[np.float32], label_T: NDArray[np.int64]) -> list[Doubted]:
    """The rows whose labels are doubted, those with the largest margin first.

    Args:
        probability_TC: By a classifier that did not learn from the row.
        label_T: The class each row is labelled as.
    """
    import numpy as np

    num_classes = probability_TC.shape[1]
    given_T = probability_TC[np.arange(len(label_T)), label_T]
    total_C = np.bincount(label_T, given_T, minlength=num_classes)
    threshold_C = total_C / np.maximum(1, np.bincount(label_T, minlength=num_classes))
    # A class that no row is labelled as is none to be counted for.
    threshold_C[np.bincount(label_T, minlength=num_classes) == 0] = np.inf
    reached_TC = np.where(probability_TC >= threshold_C, probability_TC, -1.0)
    other_T = reached_TC.argmax(axis=1)
    is_doubted_T = (reached_TC.max(axis=1) >= 0) & (other_T != label_T)
    margin_T = probability_TC[np.arange(len(label_T)), other_T] - given_T
    is_doubted_T &= margin_T > 0
    rows = np.flatnonzero(is_doubted_T)
    order = rows[np.argsort(-margin_T[rows], kind="stable")]
    return [Doubted(int(row), int(other_T[row]), float(margin_T[row])) for row in order]
