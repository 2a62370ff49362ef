"""Numbers of answers as pairs of a chosen and a rejected one.

Shapes: S sequences that come chosen, rejected, chosen, …; P = S / 2 pairs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Pairs:
    """A number of each pair's chosen and rejected answer.

    Attributes:
        chosen_P: Of the chosen answers.
        rejected_P: Of the rejected ones.
        counts_P: 1.0 for each pair that counts, 0.0 for one that has nothing to learn.
    """

    chosen_P: Tensor
    rejected_P: Tensor
    counts_P: Tensor

    @classmethod
    def of(cls, value_S: Tensor, counts_S: Tensor) -> Pairs:
        """Neighbours as pairs; a pair counts where both of its answers do."""
        return cls(value_S[0::2], value_S[1::2], counts_S[0::2] * counts_S[1::2])

    @property
    def apart_P(self) -> Tensor:
        """Chosen minus rejected."""
        return self.chosen_P - self.rejected_P

    def total(self, loss_P: Tensor) -> Tensor:
        """The summed loss of the pairs that count."""
        return (loss_P * self.counts_P).sum()

    def sums(self, margin_P: Tensor) -> dict[str, Tensor]:
        """How many pairs have a margin above 0, and the summed margin; without gradient."""
        margin_P = margin_P.detach()
        return {
            "accuracy": ((margin_P > 0) * self.counts_P).sum(),
            "margin": (margin_P * self.counts_P).sum(),
        }
