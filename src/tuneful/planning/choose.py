"""What every "auto" becomes, and why. Pure: the same recipe, rows and machine choose the same.

Nothing here looks at a clock or at how much memory is free this minute, so that a run can be
repeated bit for bit on the same machine.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from tuneful.grading.rollouts import updates_of
from tuneful.models.adapters.base import Quantizing
from tuneful.models.quantize import why_not
from tuneful.planning.memory import tokens_that_fit
from tuneful.planning.privacy import make_budget
from tuneful.planning.remember import remembered
from tuneful.planning.settings import Choice, Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tuneful.methods.base import Method
    from tuneful.models.adapters.base import Adapter
    from tuneful.models.quantize import Kind
    from tuneful.planning.known import Known, Place
    from tuneful.planning.optimizer import OptimizerConfig
    from tuneful.planning.privacy import Budget
    from tuneful.recipe.schema import Recipe, Train

SENSIBLE_STEPS = 100
"""Fewer optimizer steps than this rarely get AdamW past its warm-up (RoBERTa's is 6 % of a run)."""
BATCH_SIZES = (4, 8, 16, 32)
"""16 and 32 are BERT's grid (Devlin et al. 2019, A.3); smaller ones for few rows."""
TOKENS_OF_A_PASS = {"cpu": 4096, "cuda": 16384}
"""Beyond these, larger matrix products are no faster."""
TOKENS_OF_A_DECODER = 1024
"""The same on a CPU for a language model, whose matrices are larger and whose passes keep more:
measured on SmolLM2-135M, 4.8 GiB against 6.8 with 4,096 tokens at the same speed."""
VALIDATIONS = 5
"""Measurements a run: enough to see it turn, few enough to cost little."""
MEMORY_SHARE = 0.8
"""Of the machine's memory that a run may plan with: the rest is the system's and the estimate's."""


def choose(known: Known) -> tuple[Settings, Mapping[str, Choice]]:
    """Settle every setting. A value that the recipe states is kept; its reason says so."""
    train = known.recipe.train
    chosen: dict[str, Choice] = {}
    settle = partial(_settle, train, chosen)
    batch_size = settle("batch_size", _batch_size(known))
    steps = steps_of(known.recipe, known.sample.num_rows, batch_size)
    chosen |= {"steps": _steps(known, batch_size, steps), "warmup_steps": _warmup(known, steps)}
    max_length = settle("max_length", _max_length(known))
    settings = Settings(
        epochs=train.epochs,
        steps=steps,
        batch_size=batch_size,
        optimizer=train.optimizer.model_dump(mode="json"),
        learning_rate=settle("learning_rate", _learning_rate(known)),
        schedule=settle("schedule", _schedule(known)),
        warmup_steps=chosen["warmup_steps"].value,
        weight_decay=train.weight_decay,
        max_grad_norm=train.max_grad_norm,
        max_length=max_length,
        tokens_per_pass=max_length,
        packed=settle("packing", _packing(known)) == "packed" and _packs(known),
        precision=settle("precision", _precision(known.place)),
        attention_dropout=None if train.attention_dropout == "model" else train.attention_dropout,
        freeze_layers=train.freeze_layers,
        validate_every=settle("validate_every", _validate_every(known, steps)),
        checkpoint_every=settle("checkpoint_every", _checkpoint_every(steps)),
        patience=train.patience,
        keep=train.keep,
        threads=settle("threads", Choice(known.place.threads, "the machine's physical cores")),
        seed=known.recipe.seed,
    )
    settings = remembered(known, settings, chosen)
    settings = replace(settings, quantized=_quantized(known, chosen))
    settings = replace(settings, privacy=_privacy(known, settings, chosen))
    tokens = settle("tokens_per_pass", _tokens_per_pass(known, settings))
    return replace(settings, tokens_per_pass=tokens), chosen


def steps_of(recipe: Recipe, num_rows: int, batch_size: int) -> int:
    """Optimizer steps of a run on so many rows."""
    train = recipe.train
    steps = count_steps(num_rows, train.epochs, batch_size, None) * updates_of(recipe.method)
    return steps if train.max_steps is None else min(steps, train.max_steps)


def _settle(train: Train, chosen: dict[str, Choice], key: str, automatic: Choice) -> Any:
    asked = getattr(train, key)
    chosen[key] = automatic if asked == "auto" else Choice(asked, "as the recipe says")
    return chosen[key].value


def count_steps(num_rows: int, epochs: float, batch_size: int, max_steps: int | None) -> int:
    """Steps that see each row `epochs` times; the last may have fewer rows."""
    steps = math.ceil(max(1, round(num_rows * epochs)) / batch_size)
    return steps if max_steps is None else min(steps, max_steps)


def _steps(known: Known, batch_size: int, steps: int) -> Choice:
    train, rows = known.recipe.train, known.sample.num_rows
    if train.max_steps is not None and steps == train.max_steps:
        return Choice(steps, "train.max_steps")
    reason = f"{rows:,} rows x {train.epochs:g} epochs / {batch_size} rows a step"
    updates = updates_of(known.recipe.method)
    return Choice(steps, reason if updates == 1 else f"{reason} x {updates} updates")


def automatic_batch_size(rows_seen: float) -> int:
    """The largest usual size that leaves a sensible number of steps; else the smallest."""
    fitting = [size for size in BATCH_SIZES if rows_seen / size >= SENSIBLE_STEPS]
    return max(fitting, default=min(BATCH_SIZES))


def _batch_size(known: Known) -> Choice:
    rows = known.sample.num_rows * known.recipe.train.epochs
    size = automatic_batch_size(rows)
    steps = math.ceil(rows / size)
    return Choice(
        size, f"{rows:,.0f} rows to see give {steps:,} steps; {SENSIBLE_STEPS} are sensible"
    )


def rates_of(
    method: Method[Any] | type[Method[Any]],
    adapter: Adapter | type[Adapter],
    optimizer: OptimizerConfig,
) -> tuple[float, float, float]:
    """Lowest sensible, usual and highest sensible learning rate of a method with these two."""
    low, usual, high = method.learning_rates[adapter.rates_like]
    scale = adapter.rate_scale * optimizer.rate_scale
    return low * scale, usual * scale, high * scale


def _learning_rate(known: Known) -> Choice:
    recipe = known.recipe
    low, best, high = rates_of(known.method, known.adapter, known.optimizer)
    what = f"{recipe.method.name} with adapter {recipe.adapter.name}"
    if known.optimizer.rate_scale != 1:
        what += f" and optimizer {recipe.train.optimizer.name}"
    return Choice(best, f"what {what} starts from; {low:g} to {high:g} is sensible")


def _quantized(known: Known, chosen: dict[str, Choice]) -> Kind | None:
    """How the base is kept; whole where this machine cannot and the recipe lets it."""
    if not isinstance(known.adapter, Quantizing):
        return None
    asked = known.adapter.quantization
    kind = asked.here()
    why = f"{asked.bits:.3g} bits for each weight of the blocks' matrices"
    if kind is None:
        why = f"{why_not()}, and the recipe falls back to {asked.fallback}"
    chosen["quantized"] = Choice(kind, why)
    return kind


def _schedule(known: Known) -> Choice:
    name, shape = known.recipe.train.optimizer.name, known.optimizer.schedule
    why = "falls to 0 at the end" if shape == "linear" else f"{name} averages the way instead"
    return Choice(shape, why)


def _precision(place: Place) -> Choice:
    if place.has_bf16:
        return Choice("bf16", "the processor computes in it; weights and loss stay in float32")
    return Choice("fp32", "the processor does not compute in bf16")


def _packing(known: Known) -> Choice:
    if _packs(known):
        return Choice("packed", "no padding is computed; the numbers are the same")
    return Choice("padded", f"how {known.facts.family}'s head reads a packed row is not known here")


def _packs(known: Known) -> bool:
    return known.facts.packs(known.method.head)


def _max_length(known: Known) -> Choice:
    sample, limit = known.sample, known.longest
    if known.method.head == "tokens":
        wanted, why = max(sample.lengths), "the longest row seen, since a cut row loses its answer"
    else:
        wanted, why = sample.percentile(0.99), "99 % of the rows fit whole"
    rounded = math.ceil(wanted / 32) * 32
    if rounded < limit:
        return Choice(rounded, f"{why} (of {sample.num_sampled} looked at)")
    cut = sample.cut_share(limit)
    less = f" less {known.num_before} learned tokens" if known.num_before else ""
    return Choice(limit, f"the model's longest sequence{less}; {cut:.0%} of the rows are cut to it")


def _warmup(known: Known, steps: int) -> Choice:
    train = known.recipe.train
    if train.warmup_steps is not None:
        return Choice(train.warmup_steps, "as the recipe says")
    return Choice(round(steps * train.warmup_share), f"{train.warmup_share:.0%} of {steps:,} steps")


def _validate_every(known: Known, steps: int) -> Choice:
    if not known.num_validation:
        return Choice(steps, "there are no validation rows")
    return Choice(max(1, math.ceil(steps / VALIDATIONS)), f"{VALIDATIONS} times a run")


def _checkpoint_every(steps: int) -> Choice:
    every = max(1, min(math.ceil(steps / VALIDATIONS), 200))
    return Choice(every, f"an interruption costs at most {every} steps")


def _privacy(known: Known, settings: Settings, chosen: dict[str, Choice]) -> Budget | None:
    """The noise that keeps the recipe's promise."""
    asked = known.recipe.privacy
    if asked is None:
        return None
    budget = make_budget(asked, known.sample.num_rows, settings.batch_size, settings.steps)
    chosen["noise_multiplier"] = Choice(
        round(budget.noise_multiplier, 4),
        f"epsilon {budget.epsilon:g} at delta {budget.delta:.2g} over {settings.steps:,} steps "
        f"that see a row with probability {budget.sample_rate:.2g} ({budget.accountant})",
    )
    return budget


def _tokens_per_pass(known: Known, settings: Settings) -> Choice:
    """The most that is useful, that a step has, and that fits; never less than one sequence."""
    if settings.privacy:
        return Choice(settings.max_length, "privacy takes the gradient of each row by itself")
    load = known.load_at(settings.max_length)
    useful = TOKENS_OF_A_PASS[known.place.device]
    if known.place.device == "cpu" and known.method.head == "tokens":
        useful = TOKENS_OF_A_DECODER
    fits = tokens_that_fit(load, settings, known.place.memory_gib * MEMORY_SHARE)
    if fits < useful:
        fits = max(fits // 64 * 64, settings.max_length)
        return Choice(fits, f"what fits into {known.place.memory_gib:.1f} GiB")
    if settings.max_length > useful:
        return Choice(settings.max_length, "one sequence of max_length")
    return Choice(useful, "larger matrix products are no faster here")
