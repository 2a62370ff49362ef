"""A tuned model: a folder that transformers and peft load as it is, and what is known of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from tuneful.core.artifact import Artifact

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import torch
    from torch import Tensor, nn

    from tuneful.models.tokenizer import Tokenizer

ADAPTER_CONFIG = "adapter_config.json"


@dataclass(frozen=True)
class Model(Artifact):
    """A finished model folder.

    The manifest says: head, method and its settings, measured_as, adapter, base (reference),
    base_folder, labels, dataset (hash), run, licence, parents, and the last and best losses.
    """

    @property
    def head(self) -> str:
        """What it computes (methods.base.Head)."""
        return str(self.manifest["head"])

    @property
    def measured_as(self) -> str:
        """What it is compared with the truth by: a name in evaluating.measures."""
        return str(self.manifest["measured_as"])

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the scores in their order; empty for head "tokens"."""
        return tuple(self.manifest["labels"])

    @property
    def max_length(self) -> int:
        """Longest sequence it was trained on, in tokens."""
        return int(self.manifest["max_length"])

    @property
    def is_adapter(self) -> bool:
        """Whether the folder holds a PEFT adapter over a base model."""
        return (self.path / ADAPTER_CONFIG).exists()

    @property
    def temperature(self) -> float:
        """What logits are divided by before they become confidences; 1 where it was not fitted."""
        path = self.path / "calibration.json"
        if not path.exists():
            return 1.0
        return float(json.loads(path.read_text(encoding="utf-8"))["temperature"])


def put_in_place(
    model: nn.Module,
    weights: Mapping[str, Tensor],
    untouched: Mapping[str, Tensor],
    precision: torch.dtype,
) -> None:
    """Give a trained model the weights that are kept of it.

    Args:
        model: The trained model, perhaps wrapped by PEFT.
        weights: The trained parameters by name, in float32.
        untouched: The base's own values of the others, where the model holds rounded ones.
        precision: What all are brought to; PEFT's base, which is not saved, stays as it is.
    """
    is_peft = hasattr(model, "peft_config")
    for name, parameter in model.named_parameters():
        if name in weights:
            parameter.data = weights[name].to(precision)
        elif not is_peft:
            parameter.data = untouched.get(name, parameter.data).to(precision)
    cast("Any", model).config.dtype = precision


def save_model(folder: Path, model: nn.Module, tokenizer: Tokenizer, base: str) -> None:
    """Write a model as transformers and peft save it.

    Args:
        folder: An empty folder.
        model: With its trained weights, perhaps wrapped by PEFT.
        tokenizer: Saved beside it, with its chat template.
        base: What other programs call the base model: a hub id or a folder.
    """
    core = cast("Any", model)
    options: dict[str, Any] = {}
    for config in getattr(core, "peft_config", {}).values():
        config.base_model_name_or_path = base
        config.inference_mode = True
        if getattr(config, "trainable_token_indices", None):
            options["save_embedding_layers"] = False  # their rows are saved, not the whole table
    core.save_pretrained(str(folder), **options)
    tokenizer.save(folder)
