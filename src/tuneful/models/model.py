"""A tuned model: a folder that transformers and peft load as it is, and what is known of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from tuneful.core.artifact import Artifact

if TYPE_CHECKING:
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


def save_weights(
    folder: Path,
    model: nn.Module,
    weights: dict[str, Tensor],
    tokenizer: Tokenizer,
    *,
    base: str,
    precision: torch.dtype,
) -> None:
    """Write a model as transformers and peft save it.

    Args:
        folder: An empty folder.
        model: The trained model, perhaps wrapped by PEFT.
        weights: The trained parameters by name, in float32; the others keep the base's values.
        tokenizer: Saved beside it, with its chat template.
        base: What other programs call the base model: a hub id or a folder.
        precision: Of the saved weights.
    """
    core = cast("Any", model)
    if hasattr(model, "peft_config"):
        for config in core.peft_config.values():
            config.base_model_name_or_path = base
            config.inference_mode = True
    for name, parameter in model.named_parameters():
        if name in weights:
            parameter.data = weights[name].to(precision)
        elif not hasattr(model, "peft_config"):
            parameter.data = parameter.data.to(precision)
    core.config.dtype = precision
    core.save_pretrained(str(folder))
    tokenizer.save(folder)
