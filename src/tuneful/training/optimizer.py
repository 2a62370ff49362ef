"""Any optimizer over float32 masters: what training in bf16 needs to stay sound.

A bf16 weight has 8 bits of mantissa: an update smaller than 1/256 of the weight would be lost. So
each bf16 parameter has a float32 master that the optimizer moves and the parameter copies.
Gradients of several passes are summed in float32 too. Float32 parameters are their own masters.
"""

from __future__ import annotations

import math
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

import torch

from tuneful.training.anchors import Anchors
from tuneful.training.optimizers import OPTIMIZERS
from tuneful.training.optimizers.base import Averaging, Weight

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    from torch import Tensor, nn

    from tuneful.planning.settings import Settings
    from tuneful.training.optimizers.base import State

HIDDEN = re.compile(r"\.\d+\.")
"""What the name of a block's parameter has, and that of an embedding or a head has not."""
_scale_all = cast("Any", torch)._foreach_mul_


class Optimizer:
    """Moves the parameters that require a gradient, by a rule (training.optimizers).

    Weight decay acts on matrices only, not on biases and norms (BERT's and GPT-2's practice).

    Args:
        model: The model in training.
        settings: optimizer, weight_decay, max_grad_norm, privacy, and l2_sp and ewc, which pull
            the weights back to where they are now.
        rate_factor: From a parameter's name to its multiple of the learning rate; 1 if left out.
        fisher: By a parameter's name, how much ewc holds each of its numbers.
    """

    def __init__(
        self,
        model: nn.Module,
        settings: Settings,
        rate_factor: Callable[[str], float] | None = None,
        fisher: Mapping[str, Tensor] | None = None,
    ) -> None:
        named = [(n, p) for n, p in model.named_parameters() if p.requires_grad]
        self.parameters = [parameter for _, parameter in named]
        self._weights = [_weight(name, p, settings.weight_decay) for name, p in named]
        self._factors = [rate_factor(name) if rate_factor else 1.0 for name, _ in named]
        self._states: dict[str, State] = {name: {} for name, _ in named}
        self._pairs = [
            (parameter, weight.master)
            for parameter, weight in zip(self.parameters, self._weights, strict=True)
            if weight.master is not parameter
        ]
        self._buffers = [_GradientBuffer(master) for _, master in self._pairs]
        for (parameter, _), buffer in zip(self._pairs, self._buffers, strict=True):
            parameter.register_post_accumulate_grad_hook(buffer)
        kind = OPTIMIZERS[settings.optimizer["name"]]
        self.rule = kind(kind.Config.model_validate(settings.optimizer))
        self._anchors = Anchors(self._weights, settings, fisher)
        self.ewc_penalty: float | None = None
        # Under privacy each row's gradient was clipped already, and the noise is not to be.
        self.max_grad_norm = math.inf if settings.privacy else settings.max_grad_norm

    @property
    def masters(self) -> list[Tensor]:
        """The weights in full precision, in the order of `parameters`."""
        return [weight.master for weight in self._weights]

    def step(self, learning_rate: float) -> float:
        """Clip, move the weights, forget the gradients. Returns the norm before clipping.

        `ewc_penalty` is then what EWC added to the loss, None where it is off. Weights stay as they
        are where the norm is not finite; the caller decides what that means.
        """
        self.ewc_penalty = self._anchors.add_gradients()
        if self.ewc_penalty is not None:
            for buffer in self._buffers:
                buffer.written_over()
        gradients = [m.grad for m in self.masters if m.grad is not None]
        norm = float(torch.nn.utils.get_total_norm(gradients)) if gradients else 0.0
        if not math.isfinite(norm):
            return norm
        if norm > self.max_grad_norm:
            _scale_all(gradients, self.max_grad_norm / norm)
        with torch.no_grad():
            for weight, factor in zip(self._weights, self._factors, strict=True):
                if weight.master.grad is not None:
                    state, rate = self._states[weight.name], learning_rate * factor
                    self.rule.update(weight, weight.master.grad, state, rate)
            self._anchors.pull(learning_rate)
            for parameter, master in self._pairs:
                parameter.copy_(master)
        self.forget_gradients()
        return norm

    def forget_gradients(self) -> None:
        """Drop every gradient."""
        for parameter, master in zip(self.parameters, self.masters, strict=True):
            parameter.grad = master.grad = None

    def rest(self, names: frozenset[str]) -> None:
        """Let all but these parameters move from now on; these lose gradient and state."""
        for parameter, weight in zip(self.parameters, self._weights, strict=True):
            moves = weight.name not in names
            parameter.requires_grad_(moves)
            if not moves and self._states[weight.name]:
                with torch.no_grad():
                    parameter.copy_(weight.master.copy_(self._kept(weight)))
                self._states[weight.name] = {}
        for (parameter, _), buffer in zip(self._pairs, self._buffers, strict=True):
            if not parameter.requires_grad:
                buffer.release()

    def state(self) -> dict[str, Tensor]:
        """Masters and the rule's state by name; no state before a weight's first step."""
        tensors: dict[str, Tensor] = {}
        for weight in self._weights:
            tensors[f"weight/{weight.name}"] = weight.master.detach()
            for key, value in self._states[weight.name].items():
                tensors[f"{key}/{weight.name}"] = value
        return tensors

    def load_state(self, tensors: dict[str, Tensor]) -> None:
        """Continue from what `state` returned.

        Raises:
            KeyError: The tensors belong to other parameters.
        """
        self._states = {weight.name: {} for weight in self._weights}
        for path, tensor in tensors.items():
            key, _, name = path.partition("/")
            if key != "weight":
                self._states[name][key] = tensor.clone()
        with torch.no_grad():
            for parameter, weight in zip(self.parameters, self._weights, strict=True):
                weight.master.copy_(tensors[f"weight/{weight.name}"])
                parameter.copy_(weight.master)

    def weights(self) -> dict[str, Tensor]:
        """The trained weights by parameter name, in full precision: what is kept of the run."""
        return {weight.name: self._kept(weight) for weight in self._weights}

    @contextmanager
    def as_kept(self) -> Generator[None]:
        """Let the model be what `weights` says, where the rule trains at another point."""
        if not isinstance(self.rule, Averaging):
            yield
            return
        paired = {id(parameter) for parameter, _ in self._pairs}
        own = [p.detach().clone() for p in self.parameters if id(p) not in paired]
        with torch.no_grad():
            for parameter, weight in zip(self.parameters, self._weights, strict=True):
                parameter.copy_(self._kept(weight))
        try:
            yield
        finally:
            with torch.no_grad():
                for parameter, master in self._pairs:
                    parameter.copy_(master)
                for parameter in self.parameters:
                    if id(parameter) not in paired:
                        parameter.copy_(own.pop(0))

    def _kept(self, weight: Weight) -> Tensor:
        if isinstance(self.rule, Averaging):
            return self.rule.average(weight, self._states[weight.name])
        return weight.master.detach()


def _weight(name: str, parameter: nn.Parameter, decay: float) -> Weight:
    is_hidden = parameter.ndim == 2 and HIDDEN.search(name) is not None
    return Weight(name, _master(parameter), decay if parameter.ndim >= 2 else 0.0, is_hidden)


def _master(parameter: nn.Parameter) -> Tensor:
    if parameter.dtype == torch.float32:
        return parameter
    return parameter.detach().float().clone().requires_grad_()


class _GradientBuffer:
    """A master's gradient, summed over the passes of a step.

    One buffer for the whole run: fresh memory each step costs more than the sum. An embedding's
    gradient comes as the rows of the tokens that occurred (models.load); the others stay 0.
    """

    def __init__(self, master: Tensor) -> None:
        self._master = master
        self._space: Tensor | None = None
        self._touched: list[Tensor | slice] = []

    @property
    def _buffer(self) -> Tensor:
        if self._space is None:
            self._space = torch.zeros_like(self._master, requires_grad=False)
        return self._space

    def release(self) -> None:
        """Give the memory back until the next gradient comes."""
        self._space, self._touched = None, []

    def written_over(self) -> None:
        """Know that any row may have something in it."""
        self._touched = [slice(None)]

    def __call__(self, parameter: Tensor) -> None:
        """Take a parameter's gradient after a pass."""
        gradient = parameter.grad
        assert gradient is not None
        parameter.grad = None
        if gradient.is_sparse:
            self._add_rows(gradient)
        elif self._master.grad is None:
            self._master.grad = self._buffer.copy_(gradient)
        else:
            self._master.grad += gradient

    def _add_rows(self, gradient: Tensor) -> None:
        if self._master.grad is None:
            for rows in self._touched:
                self._buffer[rows] = 0.0
            self._touched = []
            self._master.grad = self._buffer
        rows = gradient._indices()[0]  # indices() would sort and sum them first
        self._touched.append(rows)
        self._buffer.index_add_(0, rows, gradient._values().float())
