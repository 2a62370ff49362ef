"""PEFT's tuners put on a model, for our adapters: heads, new tokens, precision and errors alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from tuneful.core.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from peft import PeftConfig
    from torch import nn

TASKS = {"SequenceClassification": "SEQ_CLS", "TokenClassification": "TOKEN_CLS"}
"""PEFT's word for a model by the end of its class's name: which head it trains and saves whole."""


def task_of(model: nn.Module) -> str:
    """PEFT's word for what a model's head does."""
    return TASKS.get(type(model).__name__.partition("For")[2], "CAUSAL_LM")


def head_names(model: nn.Module) -> list[str]:
    """Modules that a classifier has beside its encoder, which start untrained; none for a chat."""
    if task_of(model) == "CAUSAL_LM":
        return []
    encoder = cast("Any", model).base_model
    children = model.named_children()
    return [
        name
        for name, child in children
        if child is not encoder and any(True for _ in child.parameters())
    ]


def embedding_name(model: nn.Module) -> str:
    """The last part of the name of the module that holds the tokens' embeddings."""
    embedding = cast("Any", model).get_input_embeddings()
    names = [name for name, module in cast("Any", model).named_modules() if module is embedding]
    return str(names[0]).rpartition(".")[2]


def _projection_name(model: nn.Module) -> list[str]:
    projection = cast("Any", model).get_output_embeddings()
    modules = cast("Any", model).named_modules()
    return [name for name, module in modules if projection is not None and module is projection]


def has_tied_head(model: nn.Module) -> bool:
    """Whether the vocabulary's projection is the table of embeddings."""
    core = cast("Any", model)
    projection = core.get_output_embeddings()
    return projection is not None and projection.weight is core.get_input_embeddings().weight


def wrap(
    model: nn.Module, config: PeftConfig, where: str, new_tokens: Sequence[int] = ()
) -> nn.Module:
    """Put one of PEFT's tuners on a model; untrained heads are trained and saved whole.

    Args:
        model: A transformers model.
        config: The tuner's own settings.
        where: The recipe's key that chose what the tuner is put on.
        new_tokens: Ids whose embeddings are trained and saved too.

    Raises:
        ModelError: The tuner cannot be put on this model, or cannot train new tokens on it.
    """
    import peft

    settings = cast("Any", config)
    settings.task_type = task_of(model)
    if hasattr(settings, "modules_to_save"):
        settings.modules_to_save = [*(settings.modules_to_save or []), *head_names(model)] or None
    if new_tokens:
        _train_tokens(model, settings, where, new_tokens)
    try:
        # Precision is the engine's: PEFT's own cast to float32 makes every layer convert twice.
        return cast(
            "nn.Module",
            peft.get_peft_model(cast("Any", model), config, autocast_adapter_dtype=False),
        )
    except (ValueError, TypeError, ImportError, RuntimeError) as error:
        raise ModelError(
            f"{_name_of(config)} cannot be put on this model: {str(error).splitlines()[0]}",
            where=where,
            fix="Name modules of the model that it fits, or change its settings "
            "(docs/guides/adapters.md).",
        ) from error


def wrap_before(
    model: nn.Module, config: PeftConfig, new_tokens: Sequence[int] = ()
) -> tuple[Any, Any]:
    """Let PEFT put learned tokens before every sequence; returns model and table of the tokens.

    Raises:
        ModelError: The model does not write, or new tokens are to be trained.
    """
    if task_of(model) != "CAUSAL_LM":
        raise ModelError(
            f"{_name_of(config)} puts learned tokens before what a model writes, but "
            f"{type(model).__name__} gives classes.",
            where="adapter",
            fix="Set adapter to lora, ia3 or full.",
        )
    if new_tokens:
        raise ModelError(
            f"{_name_of(config)} cannot train the {len(new_tokens)} new tokens: its folder holds "
            "the learned tokens before a text and nothing else.",
            where="add_tokens",
            fix="Set adapter to lora, dora or full, or write the markers with tokens that the "
            "model knows.",
        )
    wrapped = cast("Any", wrap(model, config, "adapter"))
    return wrapped, wrapped.prompt_encoder["default"]


def _train_tokens(model: nn.Module, settings: Any, where: str, new_tokens: Sequence[int]) -> None:
    name = embedding_name(model)
    if hasattr(settings, "trainable_token_indices"):
        # PEFT ties a head that shares the table; one of its own needs rows of its own.
        names = [name] if has_tied_head(model) else [name, *_projection_name(model)]
        settings.trainable_token_indices = {name: list(new_tokens) for name in names}
    elif has_tied_head(model) or not hasattr(settings, "modules_to_save"):
        # PEFT would save a copy of the embeddings, and the head's rows of new tokens would stay.
        raise ModelError(
            f"{_name_of(settings)} cannot train the {len(new_tokens)} new tokens: the model's head "
            "is its table of embeddings.",
            where=where,
            fix="Set adapter to lora, dora or full, or write the markers with tokens that the "
            "model knows.",
        )
    else:
        settings.modules_to_save = [*(settings.modules_to_save or []), name]


def _name_of(config: Any) -> str:
    return str(getattr(config.peft_type, "value", config.peft_type))
