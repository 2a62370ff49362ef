"""Model folders read without loading them."""

import json
import struct
from pathlib import Path

import pytest

from tuneful.core.errors import ModelError
from tuneful.models.catalog import describe

LLAMA = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": 8,
    "intermediate_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 64,
    "vocab_size": 10,
}
LLAMA_WEIGHTS = {
    "model.embed_tokens.weight": [10, 8],
    "model.layers.0.mlp.gate_proj.weight": [24, 8],
    "model.layers.1.mlp.gate_proj.weight": [24, 8],
    "lm_head.weight": [10, 8],
}


def write_model(folder: Path, config: object, weights: dict[str, list[int]]) -> Path:
    (folder / "config.json").write_text(json.dumps(config))
    entries = {n: {"dtype": "F32", "shape": s, "data_offsets": [0, 0]} for n, s in weights.items()}
    header = json.dumps({**entries, "__metadata__": {"format": "pt"}}).encode()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + b"weights")
    return folder


def test_shape_and_size_come_from_config_and_header(tmp_path):
    facts = describe(write_model(tmp_path, LLAMA, LLAMA_WEIGHTS))
    assert (facts.family, facts.kind, facts.layers, facts.head_width) == ("llama", "decoder", 2, 2)
    assert facts.parameters == 80 + 192 + 192 + 80
    assert facts.embedding_parameters == 160
    assert facts.block_parameters == 192
    assert facts.is_gated
    assert facts.matrices()["key"] == (8, 4)


def test_an_encoder_is_told_from_a_decoder_by_its_architecture(tmp_path):
    config = {**LLAMA, "architectures": ["BertModel"], "model_type": "bert"}
    facts = describe(write_model(tmp_path, config, LLAMA_WEIGHTS))
    assert facts.kind == "encoder"
    assert facts.packs("classes")
    assert not facts.packs("tokens")


def test_the_tokenizer_may_allow_less_than_the_positions(tmp_path):
    write_model(tmp_path, LLAMA, LLAMA_WEIGHTS)
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"model_max_length": 48}))
    assert describe(tmp_path).max_length == 48


def test_a_tokenizers_placeholder_is_no_limit(tmp_path):
    write_model(tmp_path, LLAMA, LLAMA_WEIGHTS)
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"model_max_length": 1e30}))
    assert describe(tmp_path).max_length == 64


def test_roberta_never_reaches_two_of_its_positions(tmp_path):
    config = {**LLAMA, "model_type": "roberta", "max_position_embeddings": 514}
    assert describe(write_model(tmp_path, config, LLAMA_WEIGHTS)).max_length == 512


def test_the_licence_is_read_from_the_cards_front_matter(tmp_path):
    write_model(tmp_path, LLAMA, LLAMA_WEIGHTS)
    (tmp_path / "README.md").write_text("---\nlanguage: en\nlicense: apache-2.0\n---\n# Model\n")
    assert describe(tmp_path).licence == "apache-2.0"


def test_a_folder_without_config_is_refused_with_its_path(tmp_path):
    with pytest.raises(ModelError, match=r"config\.json is missing") as caught:
        describe(tmp_path)
    assert caught.value.where == str(tmp_path)


def test_a_broken_config_is_refused_with_its_line(tmp_path):
    (tmp_path / "config.json").write_text('{"a": 1,\n oops')
    with pytest.raises(ModelError, match="not JSON") as caught:
        describe(tmp_path)
    assert caught.value.where.endswith("config.json:2")


def test_a_config_without_a_shape_is_refused_by_the_missing_key(tmp_path):
    write_model(tmp_path, {"model_type": "bert"}, {})
    with pytest.raises(ModelError, match="hidden_size"):
        describe(tmp_path)


def test_weights_cut_short_by_a_download_are_refused(tmp_path):
    write_model(tmp_path, LLAMA, LLAMA_WEIGHTS)
    (tmp_path / "model.safetensors").write_bytes(struct.pack("<Q", 1000) + b"{")
    with pytest.raises(ModelError, match="end after 9 bytes"):
        describe(tmp_path)
