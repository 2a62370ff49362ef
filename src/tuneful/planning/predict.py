"""Tokens, memory and seconds of a run whose settings are settled."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from tuneful.grading.rollouts import updates_of
from tuneful.planning.memory import estimate_memory
from tuneful.planning.remember import tokens_before, tokens_of_replay
from tuneful.planning.speed import SHARE_OF_PEAK, Timing, Work, flops_per_token, matrix_speed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tuneful.planning.known import Known
    from tuneful.planning.settings import Settings

VALIDATION_COST = 1 / 3
"""A forward pass against a forward and a backward one."""


@dataclass(frozen=True)
class Prediction:
    """What a run will take.

    Attributes:
        tokens: Training tokens of the whole run, repeated passes counted.
        flops: Their arithmetic.
        memory: GiB by what they are for.
        seconds: Of training and its validations.
        seconds_before: Of what is computed once before the first step and not kept yet.
    """

    tokens: int
    flops: float
    memory: Mapping[str, float]
    seconds: float
    seconds_before: float = 0.0

    @property
    def memory_gib(self) -> float:
        """Peak of the run."""
        return sum(self.memory.values())


def predict(
    known: Known, settings: Settings, probe: Callable[[Settings], Timing] | None
) -> Prediction:
    """Predict by formula; what a probe measured takes the formula's place."""
    share = known.sample.learned_share(settings.max_length)
    load = known.load_at(settings.max_length)
    memory: dict[str, float] = asdict(estimate_memory(load, settings))
    work = Work(
        facts=known.facts,
        span=known.sample.attention_span(settings.max_length),
        learned_share=share,
        trains_base=known.trainable > known.facts.parameters // 2,
    )
    per_token = flops_per_token(work, settings.freeze_layers)
    if probe is None:
        speed = matrix_speed(known.facts, settings) * SHARE_OF_PEAK[known.facts.kind]
        timing = Timing(per_token / speed)
    else:
        timing = probe(settings)
    if timing.memory_gib is not None:
        memory = _scale(memory, timing.memory_gib)
    tokens_per_row = known.sample.tokens_per_row(settings.max_length)
    own = round(_rows_seen(known, settings) * tokens_per_row)
    given = tokens_of_replay(known, settings)
    checked = _rows_validated(known, settings) * tokens_per_row * VALIDATION_COST
    return Prediction(
        tokens=own + given,
        flops=(own + given) * per_token,
        memory=memory,
        seconds=(own + checked) * timing.seconds_per_token + given * timing.per_given_token,
        seconds_before=0.0
        if timing.is_ready
        else tokens_before(known, settings) * timing.per_given_token,
    )


def _rows_seen(known: Known, settings: Settings) -> int:
    wanted = max(1, round(known.sample.num_rows * settings.epochs))
    wanted *= updates_of(known.recipe.method)
    return min(wanted, settings.steps * settings.batch_size)


def _rows_validated(known: Known, settings: Settings) -> int:
    rows = known.num_validation * math.ceil(settings.steps / settings.validate_every)
    rollouts = known.method.needs.rollouts
    return rows if rollouts is None else math.ceil(rows / rollouts.num_answers)


def _scale(memory: Mapping[str, float], measured_gib: float) -> dict[str, float]:
    """Make the parts add up to a measured peak: what the formula missed is the passes'."""
    rest = sum(part for name, part in memory.items() if name != "activations")
    return {**memory, "activations": max(0.0, measured_gib - rest)}
