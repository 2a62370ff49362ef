"""The numbers the training loop runs on: a recipe's `train` section with nothing left to choose."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal, Self

from tuneful.planning.privacy import Budget

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tuneful.models.quantize import Kind


@dataclass(frozen=True)
class Choice:
    """A value and the reason for it."""

    value: Any
    reason: str


@dataclass(frozen=True)
class Settings:
    """Every choice made.

    Attributes:
        epochs: Passes over the training rows; the last may be a part.
        steps: Optimizer steps of the whole run.
        batch_size: Rows of one optimizer step.
        optimizer: Its name and settings.
        learning_rate: At the end of warm-up.
        warmup_steps: Steps over which the learning rate rises from 0.
        max_length: Longest sequence in tokens.
        tokens_per_pass: Tokens packed into one forward pass, at most; a longer sequence goes alone.
        packed: Whether sequences share a row without padding.
        precision: What matrix products are computed in; sums, norms and the loss stay in fp32.
        attention_dropout: Dropout on attention probabilities; None leaves the model's own.
        freeze_layers: Lowest layers (and the embeddings) that stay as they are.
        validate_every: Steps between validations.
        checkpoint_every: Steps between checkpoints.
        patience: Validations without a better loss after which to stop; None never stops early.
        keep: Which weights become the model.
        threads: CPU threads.
        quantized: How a frozen base is kept; None: whole, in `precision`.
        seed: Of order, dropout and initial weights.
        l2_sp: Pull of the weights to where they began, by the learning rate.
        ewc: Lambda of elastic weight consolidation.
        kl: Weight of the penalty for moving from the base on learned tokens.
        replay: Share of general rows among the rows of a step.
        privacy: What is promised of a training row, and what keeps it.
    """

    epochs: float
    steps: int
    batch_size: int
    optimizer: Mapping[str, Any]
    learning_rate: float
    schedule: Literal["linear", "cosine", "constant"]
    warmup_steps: int
    weight_decay: float
    max_grad_norm: float
    max_length: int
    tokens_per_pass: int
    packed: bool
    precision: Literal["bf16", "fp32"]
    attention_dropout: float | None
    freeze_layers: int
    validate_every: int
    checkpoint_every: int
    patience: int | None
    keep: Literal["best", "last"]
    threads: int
    seed: int
    l2_sp: float = 0.0
    ewc: float = 0.0
    kl: float = 0.0
    replay: float = 0.0
    privacy: Budget | None = None
    quantized: Kind | None = None

    def to_json(self) -> dict[str, Any]:
        """The settings as JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote."""
        values: dict[str, Any] = dict(value)
        if values.get("privacy"):
            values["privacy"] = Budget(**values["privacy"])
        return cls(**values)
