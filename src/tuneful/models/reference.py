"""The model as it was before training: what preference losses are measured from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, cast

import torch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from tuneful.models.scoring import Scorer

REFERENCE = "reference"
"""Name of the fact of a token that holds log p under the reference, computed beforehand."""


class Reference(Protocol):
    """Gives log p under the model as it was."""

    def logp(
        self, sequences: Sequence[Sequence[int]], weights: Sequence[Sequence[float]]
    ) -> Tensor:
        """Log p of every token with weight > 0, without gradient: [N]."""
        ...


@dataclass(frozen=True)
class AdapterOff:
    """The model in training with its adapter switched off: no second copy in memory."""

    scorer: Scorer

    def logp(
        self, sequences: Sequence[Sequence[int]], weights: Sequence[Sequence[float]]
    ) -> Tensor:
        """Log p of every token with weight > 0, without gradient and dropout: [N]."""
        model = self.scorer.model
        was_training = model.training
        model.eval()
        with torch.no_grad(), cast("Any", model).disable_adapter():
            found = self.scorer.token_logp(sequences, weights)[0]
        model.train(was_training)
        return found


@dataclass(frozen=True)
class Frozen:
    """A second model that does not move."""

    scorer: Scorer

    def logp(
        self, sequences: Sequence[Sequence[int]], weights: Sequence[Sequence[float]]
    ) -> Tensor:
        """Log p of every token with weight > 0, without gradient: [N]."""
        with torch.no_grad():
            return self.scorer.token_logp(sequences, weights)[0]
