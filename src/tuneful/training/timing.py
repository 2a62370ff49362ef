"""Time one pass and one step of the real model, before the run: what a plan's hours rest on."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from tuneful.core.errors import RunError
from tuneful.models.catalog import describe
from tuneful.models.generate import Sampling, generate
from tuneful.planning.memory import bytes_per_token
from tuneful.planning.speed import Timing
from tuneful.training.answers import pretended
from tuneful.training.memory import peak_memory_gib
from tuneful.training.on_policy import make_on_policy
from tuneful.training.setup import set_up_run

if TYPE_CHECKING:
    from collections.abc import Callable

    from tuneful.core.events import Listener
    from tuneful.core.store import Store
    from tuneful.data.dataset import Dataset
    from tuneful.methods.base import Encoded
    from tuneful.planning.settings import Settings
    from tuneful.recipe.schema import Recipe
    from tuneful.training.setup import Setup

WARM_UP_TOKENS = 128
"""The first pass prepares kernels and buffers; it is not timed."""
TIMED_TOKENS = 1024
"""Enough for products as fast as a whole pass's; memory is scaled up to one by formula."""
MOST_ROWS = 256
"""Looked at to fill the timed pass."""


def make_probe(
    recipe: Recipe, data: Dataset, store: Store, listener: Listener
) -> Callable[[Settings], Timing]:
    """Return a probe for `planning.plan`: a short pass trained for real, its result thrown away."""

    def probe(settings: Settings) -> Timing:
        setup = set_up_run(recipe, data, settings, store, listener)
        if setup.method.needs.rollouts is not None:
            return _time_rollouts(setup, data)
        rows = _rows(setup, data)
        few = setup.ready(_first(rows, min(TIMED_TOKENS, settings.tokens_per_pass)))
        optimizer, learner = setup.optimizer(lambda: few), setup.learner()
        learner.learn(setup.ready(_first(rows, WARM_UP_TOKENS)))
        optimizer.step(settings.learning_rate)
        began = time.perf_counter()
        tokens = learner.learn(few).tokens
        passed = time.perf_counter()
        optimizer.step(settings.learning_rate)
        stepped = time.perf_counter() - passed
        tokens_per_step = tokens / len(few) * settings.batch_size
        sampled = _sampling_seconds(setup, rows, few)
        missing = max(0, settings.tokens_per_pass - tokens)
        missing_gib = missing * bytes_per_token(describe(setup.located.folder), settings) / 2**30
        read = (passed - began) / tokens
        return Timing(
            seconds_per_token=read + sampled / tokens + stepped / tokens_per_step,
            memory_gib=peak_memory_gib() + missing_gib,
            seconds_per_given_token=read,
            is_ready=True,
        )

    return probe


def _rows(setup: Setup, data: Dataset) -> list[list[Encoded]]:
    """Training rows from all over the split that have something to learn."""
    return [row for row in _encoded(setup, data) if setup.method.units(row) > 0]


def _encoded(setup: Setup, data: Dataset) -> list[list[Encoded]]:
    """Training rows from all over the split."""
    total = data.num_rows("train")
    count = min(total, MOST_ROWS)
    rows = [data.row("train", index * total // count) for index in range(count)]
    return setup.method.encode(rows, setup.tokenizer, setup.settings.max_length)


def _first(rows: list[list[Encoded]], tokens: int) -> list[list[Encoded]]:
    """As many rows from the front as fit into `tokens`; at least one."""
    taken: list[list[Encoded]] = []
    for row in rows:
        tokens -= sum(len(sequence.tokens) for sequence in row)
        if taken and tokens < 0:
            break
        taken.append(row)
    return taken


def _sampling_seconds(setup: Setup, rows: list[list[Encoded]], few: list[list[Encoded]]) -> float:
    """What the model's own answers to its share of a few rows take.

    Raises:
        RunError: Not one of all rows leaves room for an answer.
    """
    on_policy = make_on_policy(None, setup, setup.learner())
    if on_policy is None:
        return 0.0
    if not any(on_policy.prompt_of(row) for row in rows):
        raise RunError(
            f"No row leaves room for an answer of {on_policy.how.max_new_tokens} tokens: with what "
            f"stands before it, it may have {on_policy.max_length} (train.max_length).",
            where="method.max_new_tokens",
            fix="Lower method.max_new_tokens, or raise train.max_length.",
        )
    began = time.perf_counter()
    all_of_them = replace(on_policy, how=replace(on_policy.how, share=1.0))
    all_of_them.of_step(0, range(len(few)), few)
    return (time.perf_counter() - began) * on_policy.how.share


def _time_rollouts(setup: Setup, data: Dataset) -> Timing:
    """Sample, score and learn a group as a step does; no grader is asked."""
    config = setup.method.needs.rollouts
    assert config is not None
    settings, learner = setup.settings, setup.learner()
    prompts = [prompt for (prompt,) in _encoded(setup, data)[:2]]
    few = Sampling(config.max_new_tokens, config.temperature, config.top_p, config.num_answers)
    generate(learner.scorer, [prompts[0].tokens], replace(few, max_new_tokens=2), None)  # warm-up
    began = time.perf_counter()
    said = generate(learner.scorer, [p.tokens for p in prompts], few, setup.tokenizer.eos_id)
    rewarded = pretended(learner, prompts, said)
    sampled = (time.perf_counter() - began) / config.updates_per_rollout
    optimizer = setup.optimizer(lambda: rewarded)  # once a run: what it asks of rows is not timed
    began = time.perf_counter()
    tokens = learner.learn(rewarded).tokens
    passed = time.perf_counter()
    optimizer.step(settings.learning_rate)
    stepped = time.perf_counter() - passed
    read, per_step = (passed - began) / tokens, tokens / len(prompts) * settings.batch_size
    return Timing(
        seconds_per_token=read + sampled / tokens + stepped / per_step,
        seconds_per_given_token=read,
        is_ready=True,
    )
