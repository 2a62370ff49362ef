"""What is worth knowing of a plan before it is carried out."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tuneful.core.report import Finding, Level
from tuneful.data.rows import Chat, Labelled, MultiLabelled, Pair, Rated, Tagged, Text
from tuneful.planning.memory import tokens_that_fit
from tuneful.planning.power import DIFFER, ERRORS, detectable_share
from tuneful.planning.remember import judge_remember

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tuneful.planning.known import Known
    from tuneful.planning.predict import Prediction
    from tuneful.planning.settings import Settings

PRIVATE_ROWS = (Text, Labelled, Pair, MultiLabelled, Rated, Tagged, Chat)
"""Rows that are one example each, whose methods' losses are sums over rows."""
LARGE_GAIN = 0.1
"""Of a share of right rows: a test that cannot show it is too small for most purposes."""
LONG_RUN_S = 2 * 3600
"""A run longer than this deserves a thought; most tunings of small models take minutes."""


def judge(known: Known, settings: Settings, predicted: Prediction) -> list[Finding]:
    """Whether the run fits, what the model cannot do, and whether it will be long."""
    return [
        *_model_limits(known, settings),
        *_adapter_limits(known),
        *judge_remember(known),
        *_privacy(known, settings),
        *_privacy_settings(known, settings),
        *_memory(known, settings, predicted),
        *_time(settings, predicted),
        *_test_rows(known),
    ]


def _model_limits(known: Known, settings: Settings) -> Iterator[Finding]:
    facts, train = known.facts, known.recipe.train
    if settings.max_length > known.longest:
        before = f" after {known.num_before} learned tokens" if known.num_before else ""
        yield Finding(
            Level.ERROR,
            "longer-than-model",
            f"max_length is {settings.max_length}{before}, but the model's positions end at "
            f"{facts.max_length}.",
            evidence=f"model {known.recipe.model}: {facts.family}, {facts.max_length} positions",
            fix=f"Set train.max_length to {known.longest} or less, or leave it to auto.",
            where="train.max_length",
            change={"train.max_length": known.longest},
        )
    if train.freeze_layers > facts.layers:
        yield Finding(
            Level.ERROR,
            "freezes-too-much",
            f"freeze_layers is {train.freeze_layers}, but the model has {facts.layers} layers.",
            fix=f"Choose 0 to {facts.layers}.",
            where="train.freeze_layers",
            change={"train.freeze_layers": facts.layers},
        )
    if train.packing == "packed" and not settings.packed:
        yield Finding(
            Level.WARNING,
            "not-packed",
            f"Packing was asked for, but {facts.family} is fed padded batches.",
            evidence="how its classification head reads a packed row is not known here",
            fix="Nothing is wrong but the speed; set train.packing to auto to silence this.",
            where="train.packing",
            change={"train.packing": "auto"},
        )


def _adapter_limits(known: Known) -> Iterator[Finding]:
    """Adapters that are for models that write."""
    if known.num_before and known.method.head != "tokens":
        name = known.recipe.adapter.name
        yield Finding(
            Level.ERROR,
            "nothing-to-precede",
            f"{name} puts learned tokens before what a model writes, but "
            f"{known.recipe.method.name} makes a model that gives scores.",
            fix="Set adapter to lora, ia3 or full.",
            where="adapter",
            change={"adapter": "lora"},
        )


def _privacy(known: Known, settings: Settings) -> Iterator[Finding]:
    """Where a promise cannot be kept, and what it does not cover."""
    if settings.privacy is None:
        return
    name = known.recipe.method.name
    if known.method.rows not in PRIVATE_ROWS:
        yield Finding(
            Level.ERROR,
            "private-rows-mix",
            f"The method {name} mixes rows: what one of them does to a gradient is not bounded.",
            evidence=f"it learns from {known.method.rows.__name__} rows",
            fix="Use a method whose loss is a sum over rows (sft, pretrain, classify, rate, tag "
            "…), or leave privacy out.",
            where="privacy",
        )
    if known.num_validation and (settings.keep == "best" or settings.patience):
        yield Finding(
            Level.WARNING,
            "private-validation",
            "Validation rows decide which weights are kept; the promise covers training rows only.",
            evidence=f"{known.num_validation:,} validation rows; train.keep {settings.keep}",
            fix="Set train.keep to last and no patience, or validate on rows that may be known.",
            where="train.keep",
            change={"train.keep": "last", "train.patience": None},
        )


def _privacy_settings(known: Known, settings: Settings) -> Iterator[Finding]:
    """Numbers of a promise that make it worth less than it seems."""
    if settings.privacy is None:
        return
    if settings.privacy.delta > 1 / known.sample.num_rows:
        yield Finding(
            Level.WARNING,
            "private-delta",
            f"delta {settings.privacy.delta:g} is more than one row in all: it may betray a whole "
            "row and keep the promise.",
            evidence=f"{known.sample.num_rows:,} training rows",
            fix="Leave privacy.delta to auto.",
            where="privacy.delta",
            change={"privacy.delta": "auto"},
        )
    if settings.privacy.seed is not None:
        yield Finding(
            Level.WARNING,
            "private-seed",
            "The seed of sampling and noise stands in the recipe: who reads it can undo the noise.",
            fix="Leave privacy.seed out of what is published.",
            where="privacy.seed",
            change={"privacy.seed": None},
        )


def _memory(known: Known, settings: Settings, predicted: Prediction) -> Iterator[Finding]:
    here = known.place.memory_gib
    if predicted.memory_gib <= here:
        return
    room = tokens_that_fit(known.load_at(settings.max_length), settings, here)
    parts = ", ".join(f"{name} {gib:.1f}" for name, gib in predicted.memory.items() if gib >= 0.1)
    change: dict[str, object] = {}
    if room < min(settings.max_length, 64):
        fix = "Train an adapter (adapter: lora), freeze layers, or choose a smaller model."
        if known.recipe.adapter.name == "full":
            change = {"adapter": "lora", "train.freeze_layers": 0}
    elif room < settings.max_length:
        fix = f"Set train.max_length to {room // 32 * 32} or less."
        change = {"train.max_length": room // 32 * 32, "train.tokens_per_pass": "auto"}
    else:
        fix = "Leave train.tokens_per_pass to auto."
        change = {"train.tokens_per_pass": "auto"}
    yield Finding(
        Level.ERROR,
        "memory-short",
        f"The run needs about {predicted.memory_gib:.1f} GiB; there are {here:.1f} GiB.",
        evidence=f"GiB by use: {parts}",
        fix=fix,
        where="train.tokens_per_pass",
        change=change,
    )


def _time(settings: Settings, predicted: Prediction) -> Iterator[Finding]:
    if predicted.seconds > LONG_RUN_S:
        yield Finding(
            Level.WARNING,
            "long-run",
            f"The run will take about {predicted.seconds / 3600:.1f} hours.",
            evidence=f"{predicted.tokens:,} tokens in {settings.steps:,} steps",
            fix="Try data.take.train with a few thousand rows first; freeze_layers, a shorter "
            "max_length or adapter: lora make each step cheaper.",
            where="train",
        )


def _test_rows(known: Known) -> Iterator[Finding]:
    """Whether the test can show a gain of a usual size: told before time is spent on it."""
    rows = known.num_test
    if not rows or detectable_share(rows) <= LARGE_GAIN:
        return
    need = math.ceil(DIFFER * (ERRORS / LARGE_GAIN) ** 2)
    yield Finding(
        Level.NOTE,
        "weak-test",
        f"{rows} test rows show a gain only from about {100 * detectable_share(rows):.0f} points "
        "of 100 on.",
        evidence=f"four times of five, at p < 0.05, if the models differ on {DIFFER:.0%} of rows",
        fix=f"For {100 * LARGE_GAIN:.0f} points take {need} rows: data.split.test, data.take.test "
        "or data.test_source.",
        where="data.split.test",
    )
