"""One optimizer step and one validation: scores, loss, gradient, update."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch

from tuneful.core.errors import RunError
from tuneful.methods.base import ClassScores, TokenScores
from tuneful.models.packing import cut_into_passes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tuneful.methods.base import Encoded, Loss, Method
    from tuneful.models.scoring import Scorer
    from tuneful.training.optimizer import Optimizer


@dataclass(frozen=True)
class Measured:
    """The loss of some rows, in the method's units, and the method's other numbers."""

    loss: float
    units: float
    tokens: int
    metrics: Mapping[str, float] = field(default_factory=dict[str, float])


@dataclass(frozen=True)
class Learner:
    """What a step needs: method, scorer, and how many tokens fit into a pass."""

    method: Method[Any]
    scorer: Scorer
    tokens_per_pass: int

    def learn(self, rows: Sequence[Sequence[Encoded]]) -> Measured:
        """Add the gradient of the rows' mean loss to the parameters.

        Raises:
            RunError: Nothing in the rows is learned.
        """
        self.scorer.model.train()
        return self._passes(rows, is_learning=True)

    def measure(self, rows: Sequence[Sequence[Encoded]]) -> Measured:
        """The rows' mean loss, without dropout and without gradient."""
        self.scorer.model.eval()
        with torch.no_grad():
            return self._passes(rows, is_learning=False)

    def _passes(self, rows: Sequence[Sequence[Encoded]], *, is_learning: bool) -> Measured:
        units = self.method.units([sequence for row in rows for sequence in row])
        if units <= 0:
            raise RunError(
                "A step has nothing to learn: every token of its rows is masked.",
                where=f"{len(rows)} rows of the step",
                fix="Check with tuneful train --fail-on warning; rows may be cut by max_length "
                "before their answer begins: raise train.max_length.",
            )
        total, sums = 0.0, dict[str, float]()
        for members in cut_into_passes(
            [sum(len(s.tokens) for s in row) for row in rows], self.tokens_per_pass
        ):
            loss = self._loss([sequence for i in members for sequence in rows[i]])
            if is_learning:
                (loss.total / units).backward()  # pyright: ignore[reportUnknownMemberType]
            total += float(loss.total.detach())
            for name, value in loss.sums.items():
                sums[name] = sums.get(name, 0.0) + float(value)
        tokens = sum(len(sequence.tokens) for row in rows for sequence in row)
        metrics = {name: value / units for name, value in sums.items()}
        return Measured(total / units, units, tokens, metrics)

    def _loss(self, sequences: Sequence[Encoded]) -> Loss:
        tokens = [sequence.tokens for sequence in sequences]
        if self.method.head == "classes":
            logits_SC = self.scorer.class_logits(tokens)
            label_S = torch.tensor([s.label for s in sequences], device=logits_SC.device)
            weight_S = torch.tensor([s.weight for s in sequences], device=logits_SC.device)
            return self.method.loss(ClassScores(logits_SC, label_S, weight_S.float()))
        weights = [[w * s.weight for w in s.weights] for s in sequences]
        scores = self.scorer.token_logp(tokens, weights, self.method.known_gradient)
        return self.method.loss(TokenScores(*scores))


def mean(parts: Sequence[Measured]) -> Measured:
    """The measurement of all rows together, each part weighing by its units."""
    units = sum(part.units for part in parts)
    names = parts[0].metrics
    return Measured(
        sum(part.loss * part.units for part in parts) / units,
        units,
        sum(part.tokens for part in parts),
        {name: sum(p.metrics[name] * p.units for p in parts) / units for name in names},
    )


def update(optimizer: Optimizer, learning_rate: float, loss: float, where: str) -> float:
    """Move the weights by the gradient at hand. Returns the gradient's norm.

    Raises:
        RunError: The loss or the gradient is not finite; no weight was moved.
    """
    norm = optimizer.step(learning_rate) if math.isfinite(loss) else math.nan
    if not math.isfinite(norm):
        raise RunError(
            f"Training diverged: loss {loss}, gradient norm {norm}, learning rate "
            f"{learning_rate:.2g}.",
            where=where,
            fix="Lower train.learning_rate (a third is a good next try) or train.max_grad_norm, or "
            "use --set train.precision=fp32. The last checkpoint is sound.",
        )
    return norm
