"""Where weights began, and what pulls them back there while they are trained.

L2-SP: Li et al. 2018, arXiv:1802.01483, decoupled from the optimizer's step.
EWC:   Kirkpatrick et al. 2017, arXiv:1612.00796, equation 3: the loss has lambda / 2 x the sum of
       F (weight - start)^2 in it, whose gradient is added before the optimizer's step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor

    from tuneful.planning.settings import Settings
    from tuneful.training.optimizers.base import Weight


class Anchors:
    """Pulls weights back to where they were when this was made.

    Args:
        weights: Those that move.
        settings: l2_sp and ewc.
        fisher: By a weight's name, how much ewc holds each of its numbers; a weight that is not in
            it, as that of a new head, is free.
    """

    def __init__(
        self, weights: Sequence[Weight], settings: Settings, fisher: Mapping[str, Tensor] | None
    ) -> None:
        self._weights = list(weights)
        self._l2_sp, self._ewc = settings.l2_sp, settings.ewc if fisher else 0.0
        is_pulled = self._l2_sp or self._ewc
        self._starts = [w.master.detach().clone() for w in self._weights] if is_pulled else []
        known = fisher or {}
        self._fishers = [
            found.to(w.master.device) if (found := known.get(w.name)) is not None else None
            for w in self._weights
        ]

    def add_gradients(self) -> float | None:
        """Add EWC's gradient to the masters'. Returns its part of the loss; None where it is off.

        A weight that the step gave no gradient is left alone.
        """
        if not self._ewc:
            return None
        total = 0.0
        with torch.no_grad():
            pulled = zip(self._weights, self._starts, self._fishers, strict=True)
            for weight, start, fisher in pulled:
                if fisher is not None and weight.master.grad is not None:
                    way = weight.master - start
                    pull = self._ewc * fisher.float() * way
                    total += float((pull * way).sum()) / 2
                    weight.master.grad += pull
        return total

    def pull(self, learning_rate: float) -> None:
        """Go L2-SP's share of the way back; to be called without gradient."""
        if self._l2_sp:
            share = min(1.0, learning_rate * self._l2_sp)
            for weight, start in zip(self._weights, self._starts, strict=True):
                weight.master.lerp_(start, share)
