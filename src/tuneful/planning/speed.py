"""How long a run takes: arithmetic by formula, and how fast this machine does it by measurement.

Source of the count: Kaplan et al. 2020 (arXiv:2001.08361, section 2.1): two operations a weight and
token forward, twice that backward; plus attention's own, which grows with the sequence.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tuneful.models.catalog import ModelFacts
    from tuneful.planning.settings import Settings

SHARE_OF_PEAK = {"encoder": 0.55, "decoder": 0.44}
"""How much of its own largest product's speed a whole model keeps, packed (MiniLM 0.57 to 0.67,
SmolLM2-135M 0.36 to 0.56; full and LoRA, bf16 and fp32, on 2 CPU cores)."""
ERROR_BY_FORMULA = 0.5
"""Relative error to expect of a time that no step of the run has been measured for."""
ERROR_BY_PROBE = 0.2
"""And where one was: what later steps and a busy machine differ by."""


@dataclass(frozen=True)
class Timing:
    """What a probe of the real model says: one pass, forward and backward, and a step.

    Attributes:
        seconds_per_token: Of the recipe's own rows: with what the model writes itself, and steps.
        memory_gib: The peak; None where it was not measured.
        seconds_per_given_token: Of general rows beside them, which are only read; None: the same.
        is_ready: Whether what is computed once before the first step has been, and is kept.
    """

    seconds_per_token: float
    memory_gib: float | None = None
    seconds_per_given_token: float | None = None
    is_ready: bool = False

    @property
    def per_given_token(self) -> float:
        """Seconds of a token that is only read."""
        given = self.seconds_per_given_token
        return self.seconds_per_token if given is None else given


@dataclass(frozen=True)
class Work:
    """What one token costs.

    Attributes:
        facts: The model's shape.
        span: Mean tokens that a token's sequence holds.
        learned_share: Share of the tokens that go through the vocabulary.
        trains_base: Whether the model's own matrices get gradients, or only an adapter's do.
    """

    facts: ModelFacts
    span: float
    learned_share: float
    trains_base: bool


def flops_per_token(work: Work, freeze_layers: int = 0) -> float:
    """Multiplications and additions of one training token, forward and backward."""
    facts = work.facts
    met = work.span / 2 if facts.kind == "decoder" else work.span
    block = 2 * facts.block_parameters + 4 * facts.heads * facts.head_width * met
    moving = max(facts.layers - freeze_layers, 0)
    backward = 2 if work.trains_base else 1
    head = 2 * facts.vocabulary * facts.width * work.learned_share
    return block * (facts.layers + backward * moving) + head * (1 + backward)


def matrix_speed(facts: ModelFacts, settings: Settings, seconds: float = 0.3) -> float:
    """Operations per second of the model's own largest product, in the run's precision."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(settings.threads)
    try:
        device = "cuda" if torch.cuda.is_available() else "cpu"
        dtype = torch.bfloat16 if settings.precision == "bf16" else torch.float32
        rows = min(settings.tokens_per_pass, 2048)
        left = torch.ones(rows, facts.width, dtype=dtype, device=device)
        right = torch.ones(facts.width, facts.inner_width, dtype=dtype, device=device)
        once = 2.0 * rows * facts.width * facts.inner_width

        def product() -> None:
            (left @ right)[0, 0].item()  # waits for the device

        return once / _time_of(product, seconds)
    finally:
        torch.set_num_threads(before)


def _time_of(work: Callable[[], object], seconds: float) -> float:
    """Seconds of one call, the best of those that fit: interruptions only ever add."""
    work()
    best, until = float("inf"), time.perf_counter() + seconds
    while time.perf_counter() < until:
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return best
