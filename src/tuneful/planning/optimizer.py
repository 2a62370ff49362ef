"""What a plan must know of an optimizer: its memory, and how its learning rates compare."""

from __future__ import annotations

from typing import ClassVar, Literal

from tuneful.recipe.parts import PartConfig

FLOAT32 = 4
ADAM_BYTES = 2 * FLOAT32
"""Adam's state a weight: mean of gradients and of their squares."""


class OptimizerConfig(PartConfig):
    """Settings of an optimizer, and what follows from them."""

    rate_scale: ClassVar[float] = 1.0
    """Its learning rates, as a multiple of AdamW's for the same work."""
    schedule: ClassVar[Literal["linear", "constant"]] = "linear"
    """How its learning rate goes on after warm-up, where the recipe leaves it open."""

    def state_bytes(self, hidden: int, others: int, width: int) -> float:
        """Optimizer state in bytes, by formula.

        Args:
            hidden: Trained weights in the matrices of the blocks.
            others: Other trained weights: embeddings, heads, norms, biases.
            width: The shorter side of a usual matrix.
        """
        del width
        return ADAM_BYTES * (hidden + others)
