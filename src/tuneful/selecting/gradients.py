"""Gradients of rows for LESS: LoRA's of a model that writes, after a short warm-up, projected.

Source: Xia et al. 2024, arXiv:2402.04333. A training row's gradient is what Adam would make of it
        with the moments of the warm-up; a target row's is the plain one. One checkpoint, where the
        paper has four; the recipe's own LoRA, or the usual one where it has another adapter.

Shapes: N rows, Q weights of LoRA, P numbers of a projected gradient.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from tuneful.planning.plan import plan
from tuneful.recipe.change import with_changes
from tuneful.selecting.projection import project
from tuneful.training.setup import set_up_run
from tuneful.training.steps import update

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray
    from torch import Tensor

    from tuneful.data.dataset import Dataset
    from tuneful.methods.base import Encoded
    from tuneful.recipe.schema import Recipe
    from tuneful.selecting.kept import Kept
    from tuneful.training.optimizer import Optimizer
    from tuneful.training.setup import Setup
    from tuneful.training.steps import Learner

    Floats = NDArray[np.float32]

VERSION = 1
ROWS_AT_ONCE = 32
"""Projected together: the random signs are drawn once for all of them."""
BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8
"""Of AdamW as it is set without settings of its own."""
WARM_UP_SHARE, WARM_UP_LEAST = 0.05, 64
"""Rows of the warm-up: the paper's share, and enough for Adam's moments where rows are few."""


def lora_gradients(recipe: Recipe, data: Dataset, kept: Kept) -> dict[str, Any]:
    """`gradient_NTP`, `target_GTP` and `rate_T` of Features, with one checkpoint and one group."""
    if recipe.adapter.name != "lora":
        recipe = with_changes(recipe, {"adapter": "lora", "train.freeze_layers": 0})
    recipe = with_changes(recipe, {"data.select": None, "remember": {}, "train.optimizer": "adamw"})
    decides = {"model", "method", "adapter", "add_tokens", "train", "seed"}
    asked = [recipe.model_dump(include=decides, mode="json")]
    source = Warm(recipe, data, kept)

    def kept_rows(split: str, *, as_adam: bool) -> Floats:
        folder = kept.folder(f"{split}-gradient", [VERSION, data.hash, *asked])
        total = data.num_rows(split)
        return kept.rows(
            folder, total, ROWS_AT_ONCE, lambda some: source.gradients(split, some, as_adam=as_adam)
        )

    own, target = kept_rows("train", as_adam=True), kept_rows("validation", as_adam=False)
    mean_P = target.mean(axis=0)
    one = np.ones(1, np.float32)
    return {"gradient_NTP": own[:, None], "target_GTP": mean_P[None, None], "rate_T": one}


@dataclass(frozen=True)
class Warm:
    """A model with a LoRA that has seen a few rows, loaded when it is first asked."""

    recipe: Recipe
    data: Dataset
    kept: Kept

    @cached_property
    def _setup(self) -> Setup:
        store, listener = self.kept.store, self.kept.listener
        settings = plan(self.recipe, self.data, store, listener).settings
        return set_up_run(self.recipe, self.data, settings, store, listener)

    def _encoded(self, split: str, rows: Iterable[int]) -> list[list[Encoded]]:
        found = [self.data.row(split, number) for number in rows]
        setup = self._setup
        return setup.method.encode(found, setup.tokenizer, setup.settings.max_length)

    @cached_property
    def _warmed(self) -> tuple[Learner, Optimizer]:
        """Learner and optimizer after one pass over the rows of the warm-up."""
        setup, total = self._setup, self.data.num_rows("train")
        settings, learner = setup.settings, setup.learner()
        count = min(total, max(WARM_UP_LEAST, round(total * WARM_UP_SHARE)))
        rng = np.random.default_rng([settings.seed, 0x3A53])
        order = rng.permutation(total)[:count]
        optimizer = setup.optimizer(list)
        for step, start in enumerate(range(0, count, settings.batch_size)):
            rows = self._encoded("train", order[start : start + settings.batch_size].tolist())
            torch.manual_seed(settings.seed * 1_000_003 + step)
            if setup.method.units([one for row in rows for one in row]) > 0:
                loss = learner.learn(rows).loss
                update(optimizer, settings.learning_rate, loss, f"step {step} of LESS's warm-up")
        return learner, optimizer

    def gradients(self, split: str, some: range, *, as_adam: bool) -> Floats:
        """Projected gradients of rows: [N, P]; zeros where a row has nothing to learn.

        Args:
            split: Of the rows.
            some: Their numbers.
            as_adam: The step that Adam would make of it, without its learning rate.
        """
        learner, optimizer = self._warmed
        state = optimizer.state()
        names = [key.removeprefix("weight/") for key in state if key.startswith("weight/")]
        found: list[Floats] = []
        for number, row in zip(some, self._encoded(split, some), strict=True):
            torch.manual_seed(number)
            if self._setup.method.units(row) > 0:
                learner.learn([row])
            parts = [
                _direction(weight, name, state if as_adam else {})
                for weight, name in zip(optimizer.masters, names, strict=True)
            ]
            optimizer.forget_gradients()
            found.append(torch.cat(parts).cpu().numpy())
        return project(np.stack(found))


def _direction(weight: Tensor, name: str, state: Mapping[str, Tensor]) -> Tensor:
    """A weight's gradient, or Adam's step of it by the moments in `state`; flat, zeros for none."""
    if weight.grad is None:
        return torch.zeros(weight.numel())
    gradient = weight.grad.detach()
    if f"exp_avg/{name}" in state:
        mean = state[f"exp_avg/{name}"].lerp(gradient, 1 - BETA1)
        square = state[f"exp_avg_sq/{name}"].lerp(gradient.square(), 1 - BETA2)
        gradient = mean / (square.sqrt() + EPSILON)
    return gradient.flatten().float()
