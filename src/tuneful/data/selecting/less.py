"""Rows whose gradients point where the target's do: LESS.

Source: Xia et al. 2024, arXiv:2402.04333, sections 3 and 4: the sum over checkpoints of
        the learning rate times the cosine of a row's gradient and the mean gradient of a group of
        target rows; the best group counts. The target is the validation split; its groups are the
        classes where rows have them, else there is one. Gradients are randomly projected.
Rows:   With one class each: the gradient of a quick head over frozen embeddings at its epochs.
        Conversations and raw text: LoRA's, after a short warm-up, with Adam's moments as in the
        paper, at one checkpoint where the paper has four.
Cost:   for conversations about that of an epoch of training, a row at a time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from tuneful.data.selecting.base import Need, SelectConfig, ranked, unit

if TYPE_CHECKING:
    from numpy.random import Generator

    from tuneful.data.selecting.base import Features, Floats, Numbers


class LessConfig(SelectConfig):
    """Settings of LESS."""

    name: Literal["less"] = Field(
        default="less", description="How alike a row's gradient is to the validation rows'."
    )


class Less:
    """Rank rows by how much a step on them would help on the target rows."""

    Config: ClassVar[type[LessConfig]] = LessConfig
    needs: ClassVar[tuple[Need, ...]] = ("gradients",)
    paper: ClassVar[str] = "Xia et al. 2024, arXiv:2402.04333"

    def __init__(self, config: LessConfig) -> None:
        self.config = config

    def choose(self, features: Features, count: int, draw: Generator) -> Numbers:
        """The rows with the greatest influence."""
        del draw
        return ranked(influence(features), count, "high")


def influence(features: Features) -> Floats:
    """Of each row on the group of target rows that it helps most: [N]."""
    import numpy as np

    assert features.gradient_NTP is not None
    assert features.target_GTP is not None
    assert features.rate_T is not None
    gradient, target = unit(features.gradient_NTP), unit(features.target_GTP)
    return np.einsum("ntp,gtp,t->ng", gradient, target, features.rate_T).max(axis=1)
