"""AdamW whose means are kept in 8 bits, by blocks of 256 with a scale each (by bitsandbytes).

Paper: Dettmers et al. 2021, arXiv:2110.02861. Weights of fewer than 4,096 numbers take AdamW.
State: 2.03 bytes a weight (two codes, and two float32 scales a block).
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from tuneful.core.errors import ModelError
from tuneful.planning.optimizer import FLOAT32, OptimizerConfig
from tuneful.training.optimizers.base import Adam, State, Weight

if TYPE_CHECKING:
    from torch import Tensor

BLOCK = 256
SMALL = 4096


class Adam8bitConfig(OptimizerConfig):
    """Settings of 8-bit AdamW."""

    name: Literal["adam8bit"] = Field(default="adam8bit", description="AdamW, means in 8 bits.")
    beta1: float = Field(default=0.9, ge=0, lt=1, description="Memory of the gradient's mean.")
    beta2: float = Field(default=0.999, ge=0, lt=1, description="Memory of its square's mean.")
    epsilon: float = Field(default=1e-8, gt=0, description="Added to the divisor.")

    def state_bytes(self, hidden: int, others: int, width: int) -> float:
        """Two codes a weight and two scales a block."""
        del width
        return (2 + 2 * FLOAT32 / BLOCK) * (hidden + others)


class Adam8bit:
    """AdamW with its two means in 8 bits."""

    Config: ClassVar[type[Adam8bitConfig]] = Adam8bitConfig
    paper: ClassVar[str] = "Dettmers et al. 2021, arXiv:2110.02861"

    def __init__(self, config: Adam8bitConfig) -> None:
        self.config, self.library = config, _bitsandbytes()
        self.adam = Adam(config.beta1, config.beta2, config.epsilon)

    def update(self, weight: Weight, gradient: Tensor, state: State, rate: float) -> None:
        """One step.

        Raises:
            ModelError: bitsandbytes is not installed.
        """
        import torch

        if weight.master.numel() < SMALL:
            self.adam.update(weight, gradient, state, rate)
            return
        device, master = gradient.device, weight.master
        if not state:
            state["step"] = torch.zeros((), dtype=torch.float32)
            for name in ("mean", "square"):
                state[name] = torch.zeros_like(gradient, dtype=torch.uint8)
                state[f"{name}_scale"] = torch.zeros(-(-gradient.numel() // BLOCK), device=device)
        state["step"] += 1
        signed, unsigned = _codes(str(device))
        self.library.functional.optimizer_update_8bit_blockwise(
            "adam", gradient, master, state["mean"], state["square"],
            self.config.beta1, self.config.beta2, 0.0, 0.0, self.config.epsilon,
            int(state["step"]), rate, signed, unsigned,
            state["mean_scale"], state["square_scale"], weight.decay,
        )  # fmt: skip


def _bitsandbytes() -> Any:
    try:
        import bitsandbytes
    except ImportError as error:
        raise ModelError(
            "The optimizer adam8bit needs the package bitsandbytes.",
            where="train.optimizer",
            fix="pip install 'tuneful[quantize]', or choose adafactor, which keeps less still.",
        ) from error
    return bitsandbytes


@lru_cache(maxsize=2)
def _codes(device: str) -> tuple[Tensor, Tensor]:
    """What the 256 codes of mean and square stand for."""
    make: Any = _bitsandbytes().functional.create_dynamic_map
    return make(signed=True).to(device), make(signed=False).to(device)
