"""A model with fewer of its layers: a student to begin with, made without loading the model.

Source: Sanh et al. 2019 (DistilBERT, arXiv:1910.01108, section 3): the student is the teacher with
every other layer taken out. Kept are layers evenly spread, the first and the last among them.
"""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING, Any, cast

from tuneful.core.artifact import MANIFEST, building, digest
from tuneful.core.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from torch import Tensor

VERSION = 2
NUM_LAYERS = ("num_hidden_layers", "n_layers", "n_layer", "num_layers")
LAYER = re.compile(r"(?:^|\.)(?:layers?|h|blocks?)\.(\d+)\.")
"""Where a tensor's name says its layer."""
LEFT_BEHIND = (".safetensors", ".bin", ".safetensors.index.json")
NOT_THE_MODELS = {MANIFEST, "config.json", "README.md", "evaluation.json", "calibration.json"}


def with_layers(folder: Path, num_layers: int, home: Path) -> Path:
    """The folder of the same model with `num_layers` of its layers; made once.

    Args:
        folder: config.json, tokenizer and safetensors.
        num_layers: At least 1 and fewer than the model has.
        home: Where shrunk models are kept.

    Raises:
        ModelError: The folder's weights are not to be cut so.
    """
    config = _config(folder)
    name = next((name for name in NUM_LAYERS if isinstance(config.get(name), int)), None)
    if name is None or not list(folder.glob("*.safetensors")):
        raise ModelError(
            "Layers can be taken out only of whole models in safetensors whose config.json says "
            "their number.",
            where=str(folder),
            fix="Name the base model; an adapter has to be merged first.",
        )
    if not 0 < num_layers < config[name]:
        raise ModelError(
            f"The model has {config[name]} layers; {num_layers} of them are no smaller model.",
            where=f"model: …#layers={num_layers}",
            fix=f"Choose 1 to {config[name] - 1}.",
        )
    key = digest([VERSION, str(folder.resolve()), _stamps(folder), num_layers])
    final = home / "shrunk" / f"{folder.name}-{num_layers}-{key[:8]}"
    if not (final / MANIFEST).exists():
        kept = spread(config[name], num_layers)
        manifest: dict[str, Any] = {"kind": "shrunk", "name": folder.name, "hash": key}
        with building(final, manifest | {"layers": kept, "parents": [str(folder)]}) as draft:
            _copy(folder, draft, config, name, kept)
    return final


def spread(num_all: int, num_kept: int) -> list[int]:
    """Numbers of the layers to keep: 6 of 12 are 0, 2, 4, 7, 9, 11; a single one is the first."""
    gap = (num_all - 1) / max(num_kept - 1, 1)
    return [int(number * gap + 0.5) for number in range(num_kept)]


def _config(folder: Path) -> dict[str, Any]:
    path = folder / "config.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def _stamps(folder: Path) -> list[tuple[str, int, int]]:
    """What tells the folder's weights from others without reading them."""
    files = sorted(folder.glob("*.safetensors"))
    return [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files]


def _copy(
    folder: Path, draft: Path, config: Mapping[str, Any], name: str, kept: Sequence[int]
) -> None:
    from safetensors import torch as tensors

    for file in folder.iterdir():
        of_model = file.name not in NOT_THE_MODELS and not file.name.endswith(LEFT_BEHIND)
        if file.is_file() and of_model:
            shutil.copyfile(file, draft / file.name)
    new = {key: _chosen(value, config[name], kept) for key, value in config.items()}
    new[name] = len(kept)
    (draft / "config.json").write_text(json.dumps(new, indent=1) + "\n", encoding="utf-8")
    weights, path = _tensors(folder, kept), str(draft / "model.safetensors")
    cast("Any", tensors).save_file(weights, path, metadata={"format": "pt"})


def _chosen(value: Any, num_all: int, kept: Sequence[int]) -> Any:
    """A list that says something of each layer, for the layers that are kept."""
    if isinstance(value, list) and len(cast("list[Any]", value)) == num_all:
        return [cast("list[Any]", value)[number] for number in kept]
    return cast("Any", value)


def _tensors(folder: Path, kept: Sequence[int]) -> dict[str, Tensor]:
    from safetensors import safe_open

    number_of = {str(old): str(new) for new, old in enumerate(kept)}
    found: dict[str, Tensor] = {}
    for path in sorted(folder.glob("*.safetensors")):
        with cast("Any", safe_open)(str(path), framework="pt") as file:
            for name in cast("list[str]", file.keys()):
                at = LAYER.search(name)
                if at is None:
                    found[name] = file.get_tensor(name)
                elif at[1] in number_of:
                    renamed = name[: at.start(1)] + number_of[at[1]] + name[at.end(1) :]
                    found[renamed] = file.get_tensor(name)
    return found
