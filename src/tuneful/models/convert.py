"""A .gguf file as a folder that transformers trains: converted once, kept in the cache."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, cast

from tuneful.core.artifact import MANIFEST, building
from tuneful.core.environment import cache_folder
from tuneful.core.errors import ModelError
from tuneful.core.events import Event, ignore

if TYPE_CHECKING:
    from pathlib import Path

    from tuneful.core.events import Listener

VERSION = 1


def gguf_to_safetensors(path: Path, listener: Listener = ignore) -> Path:
    """Convert a GGUF model's weights to bf16 safetensors with config and tokenizer.

    The weights keep the precision that GGUF's quantization left them; the rest is lost.

    Raises:
        ModelError: The file is missing, no GGUF, or of an architecture transformers cannot read.
    """
    if not path.exists():
        raise ModelError("There is no such file.", where=str(path), fix="Check the path.")
    stamp = f"{path.resolve()}:{path.stat().st_size}:{path.stat().st_mtime_ns}:{VERSION}"
    key = hashlib.sha256(stamp.encode()).hexdigest()[:12]
    final = cache_folder() / "converted" / f"{path.stem}-{key}"
    if (final / MANIFEST).exists():
        return final
    listener(Event("message", {"text": f"converting {path.name} once (about half a minute)"}))
    manifest: dict[str, Any] = {"kind": "converted", "name": path.stem, "hash": key}
    with building(final, manifest) as draft:
        _convert(path, draft)
    return final


def _convert(path: Path, folder: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    try:
        tokenizer = cast(
            "Any", AutoTokenizer.from_pretrained(str(path.parent), gguf_file=path.name)
        )
        loaded = AutoModelForCausalLM.from_pretrained(
            str(path.parent), gguf_file=path.name, dtype=torch.float32
        )
    except (ValueError, OSError, KeyError) as error:
        raise ModelError(
            f"The GGUF file cannot be read: {str(error).splitlines()[0]}",
            where=str(path),
            fix="Use a Llama, Qwen, Gemma or another GGUF that transformers knows, or safetensors.",
        ) from error
    config = loaded.config
    state = {name: value.to(torch.bfloat16) for name, value in loaded.state_dict().items()}
    cast("Any", config).__dict__.pop("quantization_config", None)
    # transformers refuses to save a model it loaded from GGUF, so a plain one takes the weights.
    plain = cast("Any", AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16))
    plain.load_state_dict(state)
    plain.save_pretrained(str(folder))
    tokenizer.save_pretrained(str(folder))
