"""LoRA and what grew from it: settings, and PEFT's tuner put on a model with them.

Papers: Hu et al. 2021, arXiv:2106.09685, section 4: W x + (alpha / rank) B A x, B = 0 at the start.
        rsLoRA: Kalajdzievski 2023, arXiv:2312.03732: alpha / sqrt(rank).
        PiSSA: Meng et al. 2024, arXiv:2404.02948: A, B from the largest singular vectors of W.
        LoRA+: Hayou et al. 2024, arXiv:2402.12354: B moves faster than A.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, cast

import torch
from pydantic import Field

from tuneful.models.adapters.base import Adapted
from tuneful.models.lora_layer import fuse
from tuneful.models.wrap import wrap
from tuneful.recipe.parts import PartConfig

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor, nn

    from tuneful.models.catalog import ModelFacts


class LowRankConfig(PartConfig):
    """Settings of low-rank updates."""

    rank: int = Field(default=8, ge=1, description="Width of the update (r).")
    alpha: float = Field(
        default=16.0,
        gt=0,
        description="The update is scaled by alpha / rank (2: Hu et al.'s code).",
    )
    dropout: float = Field(default=0.0, ge=0, lt=1, description="Dropout before the update.")
    targets: list[str] | Literal["all-linear"] = Field(
        default="all-linear",
        description="Names of the matrices to adapt; all-linear but the output head does best at "
        "equal size (Dettmers et al. 2023, 2305.14314, figure 2).",
    )
    rslora: bool = Field(
        default=False,
        description="Scale by alpha / sqrt(rank), which keeps high ranks learning (rsLoRA, "
        "2312.03732).",
    )
    plus: float = Field(
        default=1.0,
        ge=1,
        description="How much faster B moves than A (LoRA+, 2402.12354; 16 is its advice, with a "
        "learning rate lowered somewhat). 1: alike.",
    )


def apply_low_rank(
    config: LowRankConfig,
    model: nn.Module,
    new_tokens: Sequence[int] = (),
    *,
    with_magnitude: bool = False,
    starts_as_base: bool = False,
) -> Adapted:
    """Put PEFT's LoRA on a model.

    Args:
        config: Its settings.
        model: Perhaps quantized.
        new_tokens: Ids whose embeddings are trained too.
        with_magnitude: Learn each matrix's magnitude beside its direction (DoRA).
        starts_as_base: Begin with the base's largest singular directions (PiSSA).

    Raises:
        ModelError: A target is no matrix of this model.
    """
    import peft

    settings = peft.LoraConfig(
        r=config.rank,
        lora_alpha=cast("Any", config.alpha),  # PEFT takes floats
        lora_dropout=config.dropout,
        target_modules=config.targets,
        bias="none",
        use_rslora=config.rslora,
        use_dora=with_magnitude,
        init_lora_weights="pissa" if starts_as_base else True,
    )
    wrapped = wrap(model, settings, f"adapter.targets: {config.targets}", new_tokens)
    fuse(wrapped)
    first = _factors(wrapped) if starts_as_base else {}

    def rate_factor(name: str) -> float:
        return config.plus if ".lora_B." in name else 1.0

    def finish(trained: nn.Module) -> nn.Module:
        if first:
            _as_difference(trained, first)
        return trained

    return Adapted(wrapped, rate_factor, finish=finish, keeps_base=not starts_as_base)


def num_low_rank(config: LowRankConfig, facts: ModelFacts) -> int:
    """Rank x (inputs + outputs) of each adapted matrix; a named one counts as width x width."""
    return config.rank * sides(config.targets, facts) * facts.layers


def sides(targets: list[str] | str, facts: ModelFacts) -> int:
    """Inputs and outputs of a block's adapted matrices, summed."""
    if isinstance(targets, list):
        return 2 * facts.width * len(targets)
    return sum(inputs + outputs for inputs, outputs in facts.matrices().values())


def _layers(model: nn.Module) -> dict[str, Any]:
    from peft.tuners.lora import LoraLayer

    modules = cast("Any", model).named_modules()
    return {name: layer for name, layer in modules if isinstance(layer, LoraLayer)}


def _factors(model: nn.Module) -> dict[str, tuple[Tensor, Tensor]]:
    """A and B of every layer as they are now."""
    return {
        name: (
            layer.lora_A["default"].weight.detach().float().clone(),
            layer.lora_B["default"].weight.detach().float().clone(),
        )
        for name, layer in _layers(model).items()
    }


def _as_difference(model: nn.Module, first: dict[str, tuple[Tensor, Tensor]]) -> None:
    """Write an update that started at B0 A0 as a plain LoRA over the untouched base.

    W - s B0 A0 + s B A = W + s [B, -B0] [A; A0] (Meng et al. 2024, appendix C).
    """
    config = cast("Any", model).peft_config["default"]
    for name, layer in _layers(model).items():
        first_down, first_up = first[name]
        down, up = layer.lora_A["default"], layer.lora_B["default"]
        with torch.no_grad():
            # The layer's base must be what everyone else's is, for the model in memory as well.
            base = layer.get_base_layer().weight
            base += (layer.scaling["default"] * first_up @ first_down).to(base.dtype)
            down.weight = torch.nn.Parameter(torch.cat([down.weight, first_down.to(down.weight)]))
            up.weight = torch.nn.Parameter(torch.cat([up.weight, -first_up.to(up.weight)], dim=1))
    config.lora_alpha *= 2**0.5 if config.use_rslora else 2
    config.r *= 2
    config.init_lora_weights = True
