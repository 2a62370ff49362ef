"""What is known of a model without loading it: its shape, size, licence and template. No torch.

Read are a folder's config.json and the headers of its safetensors files: a millisecond, no memory.
"""

from __future__ import annotations

import json
import math
import struct
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

from tuneful.core.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

UNBOUNDED = 1_000_000
"""A longest sequence above this is a placeholder of the tokenizer, not a limit."""
PACKED_ENCODERS = ("bert", "distilbert")


@dataclass(frozen=True)
class ModelFacts:
    """The shape of a transformer.

    Attributes:
        family: The architecture's name in transformers: "bert", "llama".
        kind: An encoder reads both ways; a decoder only what stands before.
        layers: Transformer blocks.
        width: Of the hidden state.
        inner_width: Of the feed-forward part.
        heads: Attention heads.
        key_value_heads: Heads of keys and values; fewer than `heads` where groups share them.
        head_width: Of one head.
        vocabulary: Rows of the embedding table.
        max_length: Longest sequence in tokens that the positions allow.
        parameters: All weights, tied ones once.
        embedding_parameters: Those of the token and position tables, and of a vocabulary
            projection of its own: what a token's way through the blocks does not multiply with.
        is_gated: Whether the feed-forward part has a third matrix.
        bytes_on_disk: Size of the weight files.
        licence: As the model's own files state it; "" where they do not.
        has_template: Whether a chat template comes with it.
    """

    family: str
    kind: Literal["encoder", "decoder"]
    layers: int
    width: int
    inner_width: int
    heads: int
    key_value_heads: int
    head_width: int
    vocabulary: int
    max_length: int
    parameters: int
    embedding_parameters: int
    is_gated: bool
    bytes_on_disk: int
    licence: str = ""
    has_template: bool = False

    def to_json(self) -> dict[str, Any]:
        """The facts as JSON values."""
        return asdict(self)

    def matrices(self) -> dict[str, tuple[int, int]]:
        """The linear layers of one block: what it does, to its inputs and outputs."""
        attended, shared = self.heads * self.head_width, self.key_value_heads * self.head_width
        found = {
            "query": (self.width, attended),
            "key": (self.width, shared),
            "value": (self.width, shared),
            "output": (attended, self.width),
            "up": (self.width, self.inner_width),
            "down": (self.inner_width, self.width),
        }
        return {**found, "gate": found["up"]} if self.is_gated else found

    def packs(self, head: str) -> bool:
        """Whether sequences can share a row: where `models.scoring` knows the head's input.

        Decoders are read at the last token, BERT and DistilBERT at the first; other encoders'
        heads are fed padded batches.
        """
        return self.kind == "decoder" or (head != "tokens" and self.family in PACKED_ENCODERS)

    @property
    def block_parameters(self) -> int:
        """Weights of one transformer block: everything but the tables, divided by the layers."""
        return (self.parameters - self.embedding_parameters) // max(self.layers, 1)


def describe(place: Path) -> ModelFacts:
    """Read what is known of a model folder.

    Raises:
        ModelError: It is none, or lacks a file or a fact that every model has.
    """
    config = _read_config(place)
    tensors = list(_tensors(place))
    licence, tokenizer = _licence(place), _optional_json(place / "tokenizer_config.json")
    text = {**config, **config.get("text_config", {})}
    try:
        return _from_config(text, tensors, place, licence, tokenizer)
    except KeyError as missing:
        raise ModelError(
            f"The model's configuration does not say {missing}.",
            where=str(place / "config.json"),
            fix="Tuneful reads transformer models with attention; name one, or add the key.",
        ) from None


def _from_config(
    config: Mapping[str, Any],
    tensors: list[tuple[str, int]],
    place: Path,
    licence: str,
    tokenizer: Mapping[str, Any],
) -> ModelFacts:
    width = int(_first(config, "hidden_size", "dim", "n_embd", "d_model"))
    heads = int(_first(config, "num_attention_heads", "n_heads", "n_head"))
    layers = int(_first(config, "num_hidden_layers", "n_layers", "n_layer", "num_layers"))
    inner = int(config.get("intermediate_size") or config.get("hidden_dim") or 4 * width)
    vocabulary = int(_first(config, "vocab_size"))
    sizes = dict(tensors)
    files = sorted(place.glob("*.safetensors")) or sorted(place.glob("*.bin"))
    return ModelFacts(
        family=str(_first(config, "model_type")),
        kind="decoder" if _is_decoder(config) else "encoder",
        layers=layers,
        width=width,
        inner_width=inner,
        heads=heads,
        key_value_heads=int(config.get("num_key_value_heads") or heads),
        head_width=int(config.get("head_dim") or width // heads),
        vocabulary=vocabulary,
        max_length=_max_length(config, tokenizer),
        parameters=sum(sizes.values()) or _count(config, width, inner, layers, vocabulary),
        embedding_parameters=sum(n for name, n in sizes.items() if _is_table(name))
        or vocabulary * width,
        is_gated=any("gate" in name for name in sizes),
        bytes_on_disk=sum(file.stat().st_size for file in files),
        licence=licence,
        has_template="chat_template" in tokenizer or (place / "chat_template.jinja").exists(),
    )


def _first(config: Mapping[str, Any], *names: str) -> Any:
    for name in names:
        if config.get(name) is not None:
            return config[name]
    raise KeyError(names[0])


def _is_table(name: str) -> bool:
    tables = ("embed", "wte.", "wpe.", "lm_head")
    return any(word in name for word in tables)


def _count(config: Mapping[str, Any], width: int, inner: int, layers: int, vocabulary: int) -> int:
    """Weights by the shape alone, where no file says: within a few percent for usual families."""
    matrices = 3 if config.get("hidden_act") in {"silu", "gelu_pytorch_tanh"} else 2
    return vocabulary * width + layers * (4 * width * width + matrices * width * inner)


def _is_decoder(config: Mapping[str, Any]) -> bool:
    names = cast("list[str]", config.get("architectures") or [])
    if names:
        return any("CausalLM" in name or "LMHead" in name for name in names)
    return bool(config.get("is_decoder") or config.get("num_key_value_heads"))


def _max_length(config: Mapping[str, Any], tokenizer: Mapping[str, Any]) -> int:
    """The smaller of what the positions and the tokenizer allow."""
    positions = [
        int(config[name])
        for name in ("max_position_embeddings", "n_positions", "max_sequence_length")
        if config.get(name)
    ]
    said = tokenizer.get("model_max_length")
    if isinstance(said, int | float) and said < UNBOUNDED:
        positions.append(int(said))
    limit = min(positions, default=2048)
    # RoBERTa counts positions from pad_token_id + 1, so two of its table's rows are never reached.
    offset = 2 if config.get("model_type") in {"roberta", "xlm-roberta", "camembert"} else 0
    return limit - offset if limit == config.get("max_position_embeddings") else limit


def _read_config(folder: Path) -> dict[str, Any]:
    path = folder / "config.json"
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ModelError(
            "There is no model here: config.json is missing.",
            where=str(folder),
            fix="Name a folder that transformers saved, a .gguf file, hub:owner/name or "
            "package:name.",
        ) from None
    except json.JSONDecodeError as error:
        raise ModelError(
            f"The model's config.json is not JSON: {error.msg}.",
            where=f"{path}:{error.lineno}",
            fix="Save or download the model again.",
        ) from None


def _optional_json(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def _tensors(folder: Path) -> Iterator[tuple[str, int]]:
    """Each weight's name and number of elements, from the headers of the safetensors files.

    Source: the format's description: 8 bytes of little-endian length, then that much JSON.
    """
    for path in sorted(folder.glob("*.safetensors")):
        with path.open("rb") as file:
            start = file.read(8)
            length = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
            header = file.read(length) if 0 < length < path.stat().st_size else b""
        if not header:
            raise ModelError(
                f"The weights end after {path.stat().st_size} bytes.",
                where=str(path),
                fix="The file was not copied or downloaded to its end: get it again.",
            )
        for name, entry in json.loads(header).items():
            if name != "__metadata__" and entry["dtype"] not in {"I64", "I32"}:
                yield name, math.prod(entry["shape"])


def _licence(folder: Path) -> str:
    """The `license:` of the front matter of the folder's README.md."""
    path = folder / "README.md"
    if not path.exists():
        return ""
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines()[:60]:
        if line.startswith("license:"):
            return line.removeprefix("license:").strip().strip("'\"")
    return ""
