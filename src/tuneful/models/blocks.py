"""The parts of a transformer by what they are for: blocks, matrices in them, untrained heads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from torch import nn

from tuneful.models.wrap import head_names

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def blocks_of(model: nn.Module) -> nn.ModuleList:
    """The transformer blocks, lowest first: the longest list of modules in the encoder."""
    stacks = [m for m in cast("Any", model).base_model.modules() if isinstance(m, nn.ModuleList)]
    return max(stacks, key=len)


def matrices_of(model: nn.Module) -> dict[str, nn.Linear]:
    """The linear layers of all blocks, by their full name."""
    inside = {id(module) for module in blocks_of(model).modules()}
    return {
        name: module
        for name, module in cast("Any", model).named_modules()
        if isinstance(module, nn.Linear) and id(module) in inside
    }


def names_in(model: nn.Module, part: nn.Module) -> frozenset[str]:
    """Full names of a part's parameters."""
    inside = {id(parameter) for parameter in part.parameters()}
    return frozenset(n for n, parameter in model.named_parameters() if id(parameter) in inside)


def move_only(
    model: nn.Module, moves: Callable[[str], bool], new_tokens: Sequence[int] = ()
) -> None:
    """Freeze all parameters but those whose name `moves` says yes to, and untrained heads.

    New tokens let the whole table of embeddings move, and the vocabulary's projection: plain
    transformers has no other place for them.
    """
    heads = tuple(f"{name}." for name in head_names(model))
    for name, parameter in model.named_parameters():
        is_head = bool(heads) and name.startswith(heads)
        parameter.requires_grad_(is_head or moves(name))
    if new_tokens:
        core = cast("Any", model)
        for table in (core.get_input_embeddings(), core.get_output_embeddings()):
            if table is not None:
                table.requires_grad_(requires_grad=True)
