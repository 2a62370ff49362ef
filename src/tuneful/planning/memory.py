"""How much memory a run takes, by formula, before anything is loaded.

Counted are weights, gradients, optimizer state, what the forward pass keeps for the backward pass,
one chunk of the vocabulary's logits, a teacher or a frozen reference, and the program itself. The
largest part of a small model's run is usually what the pass keeps, so the tokens of one pass are
the handle.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from tuneful.models.quantize import BITS

if TYPE_CHECKING:
    from tuneful.models.catalog import ModelFacts
    from tuneful.planning.optimizer import OptimizerConfig
    from tuneful.planning.settings import Settings

GIB = 2**30
PROGRAM_GIB = 0.45
"""Python with torch and transformers at work and a tokenizer: 0.36 to 0.5 measured."""
CHUNK_GIB = 0.5
"""Chunks of logits, their probabilities and the projection's gradient; on a CPU it is less."""


@dataclass(frozen=True)
class Load:
    """What the estimate rests on, beside the settings.

    Attributes:
        facts: The model's shape.
        trainable: Weights that move.
        learned_share: Share of the tokens that go through the vocabulary; 0 for class scores.
        optimizer: What it keeps of each weight.
        at_once: Weights that have a gradient and optimizer state at one time; None: all that move.
        num_before: Learned tokens that stand before a pass's own.
        beside: Weights of other models in memory: a teacher, a frozen copy as reference.
    """

    facts: ModelFacts
    trainable: int
    learned_share: float
    optimizer: OptimizerConfig
    at_once: int | None = None
    num_before: int = 0
    beside: int = 0

    @property
    def optimizer_bytes(self) -> float:
        """Of the optimizer's state; weights move first in the blocks, as far as those go."""
        facts = self.facts
        held = self.trainable if self.at_once is None else self.at_once
        hidden = min(held, facts.layers * facts.block_parameters)
        return self.optimizer.state_bytes(hidden, held - hidden, facts.width)


@dataclass(frozen=True)
class Memory:
    """GiB by what they are for."""

    program: float
    weights: float
    gradients: float
    optimizer: float
    activations: float
    scores: float
    other_models: float = 0.0

    @property
    def total_gib(self) -> float:
        """The sum: the peak, since activations and scores live while all else does."""
        return sum(getattr(self, part.name) for part in fields(self))


def estimate_memory(load: Load, settings: Settings) -> Memory:
    """The peak of a run with these settings."""
    facts, bf16 = load.facts, settings.precision == "bf16"
    frozen = max(0, facts.parameters - load.trainable)
    held = load.trainable if load.at_once is None else load.at_once
    copy = 2 if bf16 else 0  # what the arithmetic reads, beside the float32 master weights
    copy += 4 if settings.l2_sp or settings.ewc else 0  # where they began
    copy += 2 if settings.ewc else 0  # what depends on them
    return Memory(
        program=PROGRAM_GIB,
        weights=(load.trainable * (4 + copy) + _frozen_bytes(frozen, facts, settings)) / GIB,
        gradients=held * 4 / GIB,
        optimizer=load.optimizer_bytes / GIB,
        activations=(max(settings.tokens_per_pass, settings.max_length) + load.num_before)
        * bytes_per_token(facts, settings)
        / GIB,
        scores=CHUNK_GIB if load.learned_share else 0.0,
        other_models=load.beside * (2 if bf16 else 4) / GIB,
    )


def _frozen_bytes(frozen: int, facts: ModelFacts, settings: Settings) -> float:
    """Of weights that stay; where the base is quantized, its blocks' matrices take fewer bits."""
    size = 2 if settings.precision == "bf16" else 4
    if settings.quantized is None:
        return frozen * size
    matrices = facts.layers * sum(inputs * outputs for inputs, outputs in facts.matrices().values())
    return matrices * BITS[settings.quantized] / 8 + max(0, frozen - matrices) * size


def bytes_per_token(facts: ModelFacts, settings: Settings) -> float:
    """What one token's forward pass keeps for the backward pass.

    Per block that gradients run through: the inputs of its matrices, of its nonlinearities and of
    its norms (norms keep float32), after Korthikanti et al. 2022 (arXiv:2205.05198, section 4)
    with fused attention, which keeps no probabilities.
    """
    size = 2 if settings.precision == "bf16" else 4
    shared = 2 * facts.key_value_heads * facts.head_width
    attention = size * (3 * facts.heads * facts.head_width + 2 * shared + 2 * facts.width)
    feed_forward = size * (4 if facts.is_gated else 2) * facts.inner_width
    norms = 2 * (size + 4) * facts.width
    layers = max(facts.layers - settings.freeze_layers, 1)
    return layers * (attention + feed_forward + norms)


def tokens_that_fit(load: Load, settings: Settings, memory_gib: float) -> int:
    """How many tokens one pass may hold so that the run stays within `memory_gib`; 0 if none."""
    fixed = estimate_memory(load, settings)
    room = memory_gib - (fixed.total_gib - fixed.activations)
    return max(0, int(room * GIB / bytes_per_token(load.facts, settings)) - load.num_before)
